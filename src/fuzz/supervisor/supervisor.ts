import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../../engine/errors.ts';
import type { Killer } from '../campaign-setup.ts';
import { unlessFull } from '../directory/disk.ts';
import { suspects } from '../directory/journal.ts';
import { alive, ownerOf, readOwner } from '../directory/lock.ts';
import { noteRestart } from '../directory/restarts.ts';
import type { CampaignEvent } from '../events.ts';
import { CampaignChild } from './child.ts';
import type { StartMessage } from './messages.ts';
import { probe } from './probe.ts';

export interface SupervisorOptions {
  /** The module that runs the campaign in the process. */
  readonly entry: URL;
  /** What it is told; restarts and killers are filled in here. */
  readonly start: Omit<StartMessage, 'type' | 'restarts' | 'killers'>;
  /** Folder with the journals of the workers. */
  readonly state: string;
  readonly modules: readonly string[];
  readonly hangSeconds: number;
  /** True if what the process prints, a model's own output and Node's last words included, must become notes. */
  readonly quiet?: boolean;
  readonly onEvent: (event: CampaignEvent) => void;
}

/** A process that dies this soon, this often, is not started again. */
const SOON_SECONDS = 10;
const MAX_QUICK_DEATHS = 4;
/** Seconds that the process of a supervisor that died may take to end. */
const ORPHAN_SECONDS = 60;

/**
 * Runs a campaign in a process of its own and starts it again, from the campaign directory, when it dies. What its
 * workers were running then is tried alone, in yet another process; a program that kills that as well is a finding.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #killers: Killer[] = [];
  #child: CampaignChild | null = null;
  #paused = false;
  /** Aborted when the campaign is to end. */
  readonly #leaving = new AbortController();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the campaign has ended by itself or after `stop`.
   *
   * @throws UsageError or Error with the message that the process gave up with.
   */
  async run(): Promise<void> {
    const { start, state } = this.#options;
    await this.#awaitOrphan();
    if (start.resumed) await this.#tryAll();
    let quick = 0;
    for (let restarts = 0; !this.#stopped; restarts++) {
      const began = performance.now();
      const died = await this.#runOnce({
        ...start,
        type: 'start',
        resumed: start.resumed || restarts > 0,
        selfcheck: start.selfcheck && restarts === 0,
        restarts,
        killers: this.#killers,
      });
      if (died === null) return;
      const open = suspects(state).length;
      this.#note(
        `the process with the workers died (${died}) while ${open} of them ran programs; going on from ${start.root}`,
      );
      const found = await this.#tryAll();
      if (this.#stopped) return;
      quick = found || performance.now() - began > 1000 * SOON_SECONDS ? 0 : quick + 1;
      if (quick >= MAX_QUICK_DEATHS) {
        throw new Error(
          `the process with the workers died ${quick} times in a row (${died}); fewer --workers need less memory; ` +
            `nothing found is lost: pagestorm fuzz --resume ${start.root}`,
        );
      }
      noteRestart(state, died);
    }
  }

  /** Asks the campaign to end soon. What killed its process is tried when it goes on. */
  stop(): void {
    this.#leaving.abort();
    this.#child?.stop();
  }

  /** Makes the campaign wait, or go on. */
  pause(paused: boolean): void {
    this.#paused = paused;
    this.#child?.send({ type: 'pause', paused });
  }

  /** Has a finding (`FindingView.folder`) minimised before the others, or further. */
  minimize(folder: string): void {
    this.#child?.send({ type: 'minimize', folder });
  }

  /** Ends the process at once. */
  kill(): void {
    this.#leaving.abort();
    this.#child?.kill();
  }

  get #stopped(): boolean {
    return this.#leaving.signal.aborted;
  }

  /** Runs the process once; resolves to how it died, null if it ended as it should. */
  async #runOnce(start: StartMessage): Promise<string | null> {
    const { entry, quiet = false, onEvent } = this.#options;
    const child = new CampaignChild(entry, quiet, onEvent);
    this.#child = child;
    try {
      // Without it, a process that outlives its supervisor is not waited for; it ends as soon as it notices.
      const owner = child.pid === undefined ? '' : `${JSON.stringify(ownerOf(child.pid))}\n`;
      unlessFull(() => writeFileSync(this.#pidFile(), owner));
      child.send(start);
      // One that takes the place of another.
      if (this.#paused) this.pause(true);
      return await child.ended;
    } finally {
      this.#child = null;
      // If something failed here: it must not go on, nor wait for what it is to do.
      child.kill();
    }
  }

  /** Tries what workers were running when their process died; returns true if one of them kills its process. */
  async #tryAll(): Promise<boolean> {
    const { state, modules, hangSeconds } = this.#options;
    let found = false;
    const { signal } = this.#leaving;
    for (const suspect of suspects(state)) {
      if (signal.aborted) break;
      const finding = await probe(suspect, { modules, hangSeconds, state, signal });
      if (finding === null) continue;
      this.#note(`${suspect.job.design}: a program kills its process: it is a finding, and is not run again`);
      this.#killers.push({ suspect, finding });
      found = true;
    }
    return found;
  }

  /** A supervisor that was killed leaves a process that ends when it notices; until then it may write. */
  async #awaitOrphan(): Promise<void> {
    const owner = readOwner(this.#pidFile());
    if (typeof owner !== 'object') return;
    for (let i = 0; alive(owner) === true; i++) {
      if (i >= 10 * ORPHAN_SECONDS) {
        throw new UsageError(
          `${this.#options.start.root}: process ${owner.pid} of an earlier run still writes there; end it`,
        );
      }
      await sleep(100);
    }
  }

  #pidFile(): string {
    return join(this.#options.state, 'process');
  }

  #note(message: string): void {
    this.#options.onEvent({ type: 'note', level: 'warning', message });
  }
}
