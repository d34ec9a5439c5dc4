import { Campaign } from '../fuzz/campaign.ts';
import type { Texts } from '../fuzz/campaign-findings.ts';
import type { Case } from '../fuzz/case/case.ts';
import { clearUnfinished, openConfig, prepareFolders } from '../fuzz/directory/campaign-directory.ts';
import type { CampaignEvent } from '../fuzz/events.ts';
import { leave } from '../fuzz/fence.ts';
import { loadTargets } from '../fuzz/registry.ts';
import type { Command, FromProcess, StartMessage, ToProcess } from '../fuzz/supervisor/messages.ts';
import { endWithParent } from '../fuzz/supervisor/parent.ts';
import { thrownText } from '../fuzz/thrown.ts';
import { headline, report } from '../report/report.ts';
import type { Target } from '../targets/target.ts';
import { caseText } from './case-text.ts';

// The process that a supervisor runs a campaign in. It says what happens by messages, and ends with its supervisor.

/** Seconds that the note about a fault of this process may take to its supervisor. */
const LAST_WORD_SECONDS = 5;

let campaign: Campaign | null = null;
let stopped = false;
let paused = false;

/** Tells the supervisor something; `sent` is called when it is on its way, or nobody is there to be told. */
function send(message: FromProcess, sent = (): void => {}): void {
  if (process.connected && process.send !== undefined) process.send(message, sent);
  else sent();
}

function stop(): void {
  stopped = true;
  campaign?.stop();
}

function obey(command: Command): void {
  if (command.type === 'stop') stop();
  else if (command.type === 'pause') {
    paused = command.paused;
    campaign?.pause(paused);
  } else campaign?.minimize(command.folder);
}

/** A status that is still on its way to a supervisor that does not listen, as when the terminal is held up. */
let statusUnderWay = false;

function emit(event: CampaignEvent): void {
  if (event.type !== 'status') {
    send({ type: 'event', event });
    return;
  }
  // A later one says it all; what waits is kept in memory.
  if (statusUnderWay) return;
  statusUnderWay = true;
  send({ type: 'event', event }, () => {
    statusUnderWay = false;
  });
}

async function run(start: StartMessage): Promise<void> {
  const config = openConfig(start.root);
  const targets = await loadTargets(config.modules, true);
  const places = prepareFolders(start.root, start.resumed ? '--resume' : '--out');
  clearUnfinished(places);
  campaign = new Campaign({
    config,
    places,
    targets,
    workers: start.workers,
    limits: start.limits,
    killers: start.killers,
    resumed: start.resumed,
    restarts: start.restarts,
    selfcheck: start.selfcheck,
    texts: textsFor(targets),
    emit,
    banner: {
      seed: config.seed,
      target_mode: config.deterministic ? 'deterministic' : 'default',
      pagestorm_version: config.pagestorm,
      command_line: start.command,
    },
  });
  // Asked for while the models were loaded.
  if (stopped) campaign.stop();
  else campaign.pause(paused);
  try {
    const { reason, snapshot } = await campaign.run();
    if (start.sites) emit({ type: 'sites', ...campaign.sites() });
    // A process that ends takes what is still on its way with it: without the end it would seem to have died.
    await new Promise<void>(sent => send({ type: 'event', event: { type: 'end', reason, snapshot } }, sent));
  } finally {
    await campaign.close();
  }
}

function textsFor(targets: readonly Target[]): Texts {
  return {
    caseText: (one: Case, message: string) => caseText(one, targets, [headline(one, message)]),
    report,
  };
}

// Ctrl-C reaches the whole group of processes; the supervisor says what is to be done about it.
process.on('SIGINT', () => {});
process.on('SIGTERM', stop);
// The supervisor starts another one.
process.on('uncaughtException', error => {
  const note: FromProcess = {
    type: 'event',
    event: { type: 'note', level: 'warning', message: thrownText(error) },
  };
  send(note, () => leave(1));
  // Also if nobody listens.
  setTimeout(() => leave(1), 1000 * LAST_WORD_SECONDS);
});
// At any time, also while modules are loaded: else it would go on alone.
endWithParent();
process.on('message', (message: ToProcess) => {
  if (message.type !== 'start') {
    obey(message);
    return;
  }
  run(message).then(
    () => leave(0),
    (error: unknown) => {
      const { name, message: text, stack = '' } = error instanceof Error ? error : new Error(String(error));
      const failed: FromProcess = { type: 'failed', usage: name === 'UsageError', message: text, stack };
      send(failed, () => leave(1));
    },
  );
});
