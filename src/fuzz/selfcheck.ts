import { fileURLToPath } from 'node:url';
import type { MemoryName } from '../engine/memory/index.ts';
import type { WorkerPool } from './pool.ts';
import type { Job } from './tasks.ts';

/** The module with the planted target, for the pool that checks itself. */
export const plantedModule = fileURLToPath(new URL('../targets/planted.js', import.meta.url));

/** Executions in which a planted bug must show, and in which a correct design must not fail. */
const EXECUTIONS = 4_000;
const CLEAN_EXECUTIONS = 1_000;

/** Memory models under which a store may pass a later one of its CPU, and those under which it may pass a later load. */
const REORDERS_STORES: ReadonlySet<MemoryName> = new Set<MemoryName>(['arm64', 'lkmm']);
const DELAYS_STORES: ReadonlySet<MemoryName> = new Set<MemoryName>(['tso', 'arm64', 'lkmm']);

interface Check {
  readonly design: string;
  readonly what: string;
  /** Whether a violation must be found under a memory model. */
  fails(memory: MemoryName): boolean;
}

const checks: readonly Check[] = [
  { design: 'planted/flag-first', what: 'the planted race', fails: () => true },
  { design: 'planted/fixed+no-wmb', what: 'a missing smp_wmb', fails: memory => REORDERS_STORES.has(memory) },
  { design: 'planted/fixed+no-mb', what: 'a missing smp_mb', fails: memory => DELAYS_STORES.has(memory) },
  { design: 'planted/fixed', what: 'the design with all barriers', fails: () => false },
];

export interface SelfCheck {
  readonly ok: boolean;
  /** One line for each check. */
  readonly lines: readonly string[];
}

/**
 * Shows that the search, with the strategies and the memory model of a campaign, finds a known bug, notices orderings
 * that are switched off, and leaves alone what is right. Deterministic for a seed.
 */
export async function selfCheck(pool: WorkerPool, memory: MemoryName, seed: string): Promise<SelfCheck> {
  const results = await Promise.all(checks.map(check => runCheck(pool, check, memory, seed)));
  return { ok: results.every(result => result.ok), lines: results.map(result => result.line) };
}

async function runCheck(
  pool: WorkerPool,
  { design, what, fails }: Check,
  memory: MemoryName,
  seed: string,
): Promise<{ readonly ok: boolean; readonly line: string }> {
  const wanted = fails(memory);
  const limit = wanted ? EXECUTIONS : CLEAN_EXECUTIONS;
  const job: Job = {
    design,
    memory,
    size: { cpus: 2, pages: 1, mms: 1 },
    ops: [],
    seed: `${seed}/selfcheck`,
  };
  const { executions, findings } = await pool.run<'fuzz'>({
    type: 'fuzz',
    job,
    plan: { kind: 'fresh', from: 0, programs: limit },
    executions: limit,
    known: [],
    untilCrash: true,
    coverage: null,
    deterministic: true,
  });
  const [finding] = findings;
  const found = finding?.case.expect.verdict === 'violation';
  const where = `self-check (${memory}): ${what}`;
  if (wanted && found) return { ok: true, line: `${where}: found after ${executions} executions` };
  if (!wanted && finding === undefined)
    return { ok: true, line: `${where}: clean in ${executions} executions` };
  if (!wanted) return { ok: false, line: `${where}: FALSE ALARM: ${finding?.message ?? ''}` };
  return { ok: false, line: `${where}: NOT FOUND in ${executions} executions` };
}
