import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { DivergenceError, UsageError } from '../engine/errors.ts';
import { type Case, caseDesign, verdictText } from '../fuzz/case/case.ts';
import { type CatalogueEntry, loadCatalogue } from '../fuzz/catalogue.ts';
import { HangError, WorkerPool } from '../fuzz/pool.ts';
import type { Replayed } from '../fuzz/replay.ts';
import { findTarget } from '../fuzz/selection.ts';
import type { Tried } from '../report/certainty.ts';
import { headline } from '../report/report.ts';
import { type Subject, subjectOf } from '../report/subject.ts';
import type { Operation, Target, Variant } from '../targets/target.ts';
import { loadCase } from './case-files.ts';
import { caseText } from './case-text.ts';
import type { GlobalOptions } from './options.ts';
import { StatusLine } from './status-line.ts';

/** A case with all that its report says. */
export interface CaseReport {
  /** Expects what this version shows, whatever the file says. */
  readonly case: Case;
  readonly text: string;
  readonly subject: Subject;
  readonly replayed: Replayed;
  readonly tried: readonly Tried[];
  /** Whether it shows what the file says. */
  readonly asExpected: boolean;
}

/** Worker threads at most: there are only a handful of designs to try. */
const MAX_THREADS = 4;
/** Fixed designs on which the program is tried, the newest ones. */
const MAX_FIXED = 3;
/** Random executions, for each that is exhausted at most. */
const SAMPLE_SHARE = 0.1;

/**
 * Replays a case and finds out how sure its verdict is.
 *
 * @param executions within bounds, for each design that is tried; 0 to try none.
 * @throws UsageError naming the file if it cannot be replayed, DivergenceError if its schedule does not fit the model.
 */
export async function reportCase(
  path: string,
  targets: readonly Target[],
  globals: GlobalOptions,
  executions: number,
): Promise<CaseReport> {
  const recorded = loadCase(path, targets);
  const threads = executions === 0 ? 1 : Math.min(MAX_THREADS, availableParallelism());
  const pool = new WorkerPool(globals.modules, globals.hangTimeout, { threads });
  try {
    const replayed = await replay(pool, path, recorded);
    const one: Case = { ...recorded, expect: replayed.verdict };
    const catalogue = targets.some(target => target.name === one.target) ? shippedEntries() : [];
    const message = replayed.trace.violation?.message;
    const comment = message === undefined ? verdictText(one.expect) : headline(one, message);
    return {
      case: one,
      text: caseText(one, targets, [comment]),
      subject: subjectOf(one, basename(path).replace(/\.(ya?ml|json)$/, ''), targets, catalogue),
      replayed,
      tried: executions === 0 ? [] : await tryAround(one, targets, pool, executions),
      asExpected: verdictText(one.expect) === verdictText(recorded.expect),
    };
  } finally {
    await pool.close();
  }
}

/** The catalogue; nothing where it is not shipped. */
export function shippedEntries(): readonly CatalogueEntry[] {
  try {
    return loadCatalogue();
  } catch {
    return [];
  }
}

async function replay(pool: WorkerPool, path: string, one: Case): Promise<Replayed> {
  let replayed: Replayed;
  try {
    replayed = await pool.run<'replay'>({ type: 'replay', case: one });
  } catch (error) {
    if (!(error instanceof HangError)) throw error;
    throw new UsageError(`${path}: the model hangs, so there is nothing to show: ${error.message}`);
  }
  const { diverged } = replayed;
  if (diverged === null) return replayed;
  throw new DivergenceError(diverged.step, diverged.message);
}

/** Runs the program on its own design, then under sc, then on fixed designs that have its operations. */
async function tryAround(
  one: Case,
  targets: readonly Target[],
  pool: WorkerPool,
  executions: number,
): Promise<readonly Tried[]> {
  const { expect } = one;
  if (expect.verdict !== 'violation' && expect.verdict !== 'clean') return [];
  const signature = expect.verdict === 'violation' ? expect.signature : null;
  const cases: Case[] = [one];
  if (one.memory !== 'sc' && signature !== null) cases.push({ ...one, memory: 'sc' });
  if (signature !== null)
    cases.push(
      ...fixedDesigns(one, targets).map(variant => ({ ...one, variant: variant.name, switches: [] })),
    );
  const status = new StatusLine();
  const samples = Math.ceil(executions * SAMPLE_SHARE);
  const each = executions + samples;
  let done = 0;
  const ticker = setInterval(
    () => status.count(done + pool.begun, cases.length * each, 'executions, to tell how sure it is'),
    250,
  );
  try {
    return await Promise.all(
      cases.map(async (other, i): Promise<Tried> => {
        // On another design any violation counts.
        const wanted = i === 0 ? signature : null;
        const explored = await pool.run<'explore'>({
          type: 'explore',
          case: other,
          signature: wanted,
          executions,
          samples,
        });
        done += each;
        return { design: caseDesign(other), memory: other.memory, explored };
      }),
    );
  } finally {
    clearInterval(ticker);
    status.clear();
  }
}

function fixedDesigns(one: Case, targets: readonly Target[]): readonly Variant[] {
  const target = findTarget(one.target, targets);
  const { program } = one;
  const used = new Set(
    [...program.setup, ...program.cpus.flat(), ...program.interrupts.flat()].map(call => call.operation),
  );
  const own = target.variants.find(variant => variant.name === one.variant);
  const of = (variant: Variant): ReadonlyMap<string, string> =>
    new Map(target.build(variant.settings, one.size).operations.map(op => [op.name, shape(op)]));
  const mine = own === undefined ? new Map<string, string>() : of(own);
  return target.variants
    .filter(variant => variant.fixed === true && variant.name !== one.variant)
    .filter(variant => {
      const theirs = of(variant);
      return [...used].every(name => theirs.get(name) !== undefined && theirs.get(name) === mine.get(name));
    })
    .slice(-MAX_FIXED);
}

/** Parameters of an operation: those of one name may differ between designs. */
function shape({ parameters }: Operation): string {
  return parameters.map(({ name, values }) => `${name}:${values?.join('/') ?? ''}`).join(' ');
}
