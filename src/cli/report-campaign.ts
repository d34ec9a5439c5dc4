import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { UsageError } from '../engine/errors.ts';
import { type Case, caseDesign, verdictText } from '../fuzz/case/case.ts';
import type { CatalogueEntry } from '../fuzz/catalogue.ts';
import { findingFolders, instancesOf, placesOf } from '../fuzz/directory/campaign-directory.ts';
import { readConfig } from '../fuzz/directory/config.ts';
import { Found, Minimized } from '../fuzz/directory/crash-store.ts';
import { lockOwner } from '../fuzz/directory/lock.ts';
import { fieldOf } from '../fuzz/directory/names.ts';
import { readSeen } from '../fuzz/directory/seen.ts';
import { LostWorker, WorkerPool } from '../fuzz/pool.ts';
import { loadTargets } from '../fuzz/registry.ts';
import { readSnapshot } from '../fuzz/statistics/files.ts';
import { thrownText } from '../fuzz/thrown.ts';
import type { CampaignReport, Instance, Unreadable } from '../report/html/campaign.ts';
import type { Finding } from '../report/html/finding.ts';
import { subjectOf } from '../report/subject.ts';
import type { Target } from '../targets/target.ts';
import { loadCase } from './case-files.ts';
import type { GlobalOptions } from './options.ts';
import { shippedEntries } from './report-case.ts';
import { StatusLine } from './status-line.ts';
import { version } from './version.ts';

/**
 * Reads a campaign, or the instances that share a directory, and replays what they found. It may run meanwhile: nothing
 * is written there.
 *
 * @throws UsageError if there is none.
 */
export async function reportCampaign(dir: string, globals: GlobalOptions): Promise<CampaignReport> {
  const roots = instancesOf(dir);
  if (roots.length === 0) throw new UsageError(`${dir}: no campaign there, and none in its folders`);
  const notes: string[] = [];
  const instances = roots.map(root => readInstance(root, notes));
  const modules = [...new Set([...globals.modules, ...instances.flatMap(one => one.config.modules)])];
  const folders = roots.flatMap(root => findingFolders(placesOf(root)));
  const { findings, unreadable } = await readFindings(folders, await loadTargets(modules), {
    ...globals,
    modules,
  });
  return { dir, instances, findings, unreadable, notes, version: version() };
}

function readInstance(root: string, notes: string[]): Instance {
  const places = placesOf(root);
  const config = readConfig(places.config);
  const snapshot = readSnapshot(places.snapshot);
  if (typeof snapshot === 'string') notes.push(snapshot);
  return {
    name: config.instance ?? basename(root),
    dir: root,
    config,
    command: readText(places.cmdline).trim(),
    alive: lockOwner(root) !== null,
    snapshot: typeof snapshot === 'string' ? null : snapshot,
    plot: readPlot(places.plot),
  };
}

/** Nothing for a file that is not there: a campaign that has just begun. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** `plot_data` by column; a line that is not whole is left out. */
function readPlot(path: string): ReadonlyMap<string, readonly number[]> {
  const [head = '', ...lines] = readText(path).split('\n');
  const names = head.replace(/^#\s*/, '').split(', ');
  const rows = lines.map(line => line.split(', ').map(Number));
  const whole = rows.filter(row => row.length === names.length && row.every(Number.isFinite));
  return new Map(names.map((name, i) => [name, whole.map(row => row[i] ?? 0)]));
}

async function readFindings(
  folders: readonly string[],
  targets: readonly Target[],
  globals: GlobalOptions,
): Promise<Pick<CampaignReport, 'findings' | 'unreadable'>> {
  const findings: Finding[] = [];
  const unreadable: Unreadable[] = [];
  const known = new Set<string>();
  const catalogue = shippedEntries();
  const pool = new WorkerPool(globals.modules, globals.hangTimeout, { threads: availableParallelism() });
  const status = new StatusLine();
  try {
    for (const [done, folder] of folders.entries()) {
      status.count(done, folders.length, 'findings replayed');
      // Killed between making the folder and writing the case: never reported, and found again.
      const files = [Minimized, Found].map(name => join(folder, name)).filter(path => existsSync(path));
      for (const file of files) {
        try {
          const one = loadCase(file, targets);
          if (one.expect.verdict === 'hang')
            throw new UsageError('the model hangs; pagestorm replay shows it');
          const key = `${caseDesign(one)} ${one.memory} ${verdictText(one.expect)}`;
          // Instances find the same; one of them is enough.
          if (known.has(key)) break;
          known.add(key);
          findings.push(await readFinding(findings.length, folder, file, one, targets, catalogue, pool));
          break;
        } catch (error) {
          // Then what it was minimised from is shown. One finding must not take the others with it.
          unreadable.push({ file, reason: thrownText(error).replace(`${file}: `, '') });
        }
      }
    }
  } finally {
    status.clear();
    await pool.close();
  }
  return { findings, unreadable };
}

async function readFinding(
  number: number,
  folder: string,
  file: string,
  one: Case,
  targets: readonly Target[],
  catalogue: readonly CatalogueEntry[],
  pool: WorkerPool,
): Promise<Finding> {
  const replayed = await pool.run<'replay'>({ type: 'replay', case: one }).catch((error: unknown) => {
    if (error instanceof LostWorker) throw new UsageError(`${file}: cannot be replayed: ${error.message}`);
    throw error;
  });
  const as = verdictText(replayed.verdict) === verdictText(one.expect);
  const doubt =
    replayed.diverged !== null
      ? `The schedule does not fit this model (step ${replayed.diverged.step}: ${replayed.diverged.message}); what follows ends there.`
      : as
        ? null
        : `This version shows: ${verdictText(replayed.verdict)}; the case says: ${verdictText(one.expect)}.`;
  return {
    id: `finding-${number + 1}`,
    file,
    case: one,
    text: readText(file),
    subject: subjectOf(one, null, targets, catalogue),
    replayed,
    provenance: provenanceOf(folder, file),
    doubt,
    tried: [],
  };
}

function provenanceOf(folder: string, file: string): Finding['provenance'] {
  const name = basename(folder);
  const seen = readSeen(join(folder, 'seen.json'));
  const minimized = seen?.minimized ?? null;
  const time = fieldOf(name, 'time');
  const parents = fieldOf(name, 'src');
  return [
    ['folder', folder],
    ['case', basename(file) === Minimized ? 'minimised' : 'as found'],
    ...(seen === null ? [] : [['seen', `${seen.count} ${seen.count === 1 ? 'time' : 'times'}`] as const]),
    [
      'first seen',
      `after ${fieldOf(name, 'execs') ?? '?'} executions${time === null ? '' : `, ${Math.round(Number(time) / 100) / 10} s`}${
        parents === null ? ', in a new program' : `, in a child of queue entry ${parents}`
      }`,
    ],
    ...(minimized === null
      ? []
      : [
          [
            'minimised',
            `${minimized.before.operations} -> ${minimized.now.operations} operations, ${minimized.before.accesses} -> ${minimized.now.accesses} accesses, in ${minimized.executions} executions`,
          ] as const,
        ]),
  ];
}
