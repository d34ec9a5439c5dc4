import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../../engine/errors.ts';
import { instancesOf, isCampaign, openConfig, placesOf } from '../../fuzz/directory/campaign-directory.ts';
import { lockOwner } from '../../fuzz/directory/lock.ts';
import { loadTargets } from '../../fuzz/registry.ts';
import { readSnapshot } from '../../fuzz/statistics/files.ts';
import type { Snapshot } from '../../fuzz/statistics/snapshot.ts';
import { hasTerminal } from '../../tui/interactive.ts';
import { Exit } from '../exit.ts';
import { openScreen, summaryLines } from '../screen-output.ts';

/** Milliseconds between looks at a campaign that runs. */
const LOOK_MS = 500;

/**
 * `pagestorm view <dir>`: the campaign screen of a directory, whoever works there; changes nothing.
 *
 * @param modules with targets, besides those of the campaign; @param ui false for lines.
 */
export async function viewCommand(dir: string, modules: readonly string[], ui: boolean): Promise<number> {
  const instances = instancesOf(dir);
  if (instances.length > 0 && !isCampaign(dir)) {
    throw new UsageError(`${dir}: holds several campaigns; view one of them: ${instances.join(', ')}`);
  }
  const config = openConfig(dir);
  const path = placesOf(dir).snapshot;
  const first = read(path);
  if (!ui || !hasTerminal()) {
    for (const line of summaryLines(first, dir, first.state === 'ended')) console.log(line);
    return Exit.Ok;
  }
  const { modules: own, hangSeconds } = config;
  const all = [...new Set([...own, ...modules])];
  const targets = await loadTargets(all);
  let closed = false;
  let failure: Error | null = null;
  const onAction = (): void => {
    closed = true;
  };
  const onCrash = (error: Error): void => {
    failure = error;
    closed = true;
  };
  const { screen, texts } = await openScreen(
    { dir, targets, modules: all, hangSeconds, readOnly: true, onAction, onCrash },
    first,
  );
  try {
    for (let changed = 0; !closed; await sleep(LOOK_MS)) {
      const now = changedAt(path);
      const alive = lockOwner(dir) !== null;
      if (now === changed && alive) continue;
      changed = now;
      const snapshot = readSnapshot(path);
      // Between two versions of a file there may be none for a moment.
      if (typeof snapshot === 'object' && snapshot !== null) screen.show(snapshot, alive);
    }
  } finally {
    screen.close();
    await texts.close();
  }
  if (failure !== null) throw failure;
  return Exit.Ok;
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function read(path: string): Snapshot {
  const snapshot = readSnapshot(path);
  if (snapshot === null) {
    throw new UsageError(
      `${path}: is not there; the campaign has not got far enough, or is of an older version`,
    );
  }
  if (typeof snapshot === 'string') throw new UsageError(snapshot);
  return snapshot;
}
