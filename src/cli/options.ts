import { availableParallelism } from 'node:os';
import { UsageError } from '../engine/errors.ts';
import type { MemoryName } from '../engine/memory/index.ts';
import { memoryByName } from '../fuzz/executor.ts';
import type { Size, Target } from '../targets/target.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly modules: readonly string[];
  readonly hangTimeout: number;
  readonly debug: boolean;
}

/**
 * `30`, `30s`, `5m`, `2h` as seconds.
 *
 * @throws UsageError naming the option.
 */
export function parseDuration(option: string, text: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  const seconds =
    Number(found?.[1]) * ({ ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 }[found?.[2] ?? 's'] ?? 1);
  if (found === null || !(seconds > 0))
    throw new UsageError(`${option}: "${text}" is no time; write 30s, 5m or 8h`);
  return seconds;
}

/**
 * A whole number, written as `2000000`, `2_000_000`, `2e6`, `200k` or `2M`.
 *
 * @throws UsageError naming the option.
 */
export function parseCount(option: string, text: string, min: number, max: number): number {
  const found = /^([\d_]+(?:\.\d+)?(?:e\d+)?)([kKM]?)$/.exec(text);
  const scale = { k: 1e3, K: 1e3, M: 1e6 }[found?.[2] ?? ''] ?? 1;
  const exact = Number((found?.[1] ?? '').replaceAll('_', '')) * scale;
  const value = Math.round(exact);
  // 1.001k is 1000.9999999999999 in numbers of 64 bits.
  if (found === null || !(value >= min && value <= max) || Math.abs(exact - value) > 1e-9 * value) {
    throw new UsageError(`${option}: "${text}" is not a whole number from ${min} to ${max}`);
  }
  return value;
}

/** Largest machines: more CPUs make every schedule space hopeless, more pages every layout slow to scan. */
const MAX_CPUS = 8;
const MAX_OBJECTS = 16;

/** The machine of a target with what the user asked for instead. */
export function machineOf(
  target: Target,
  asked: { readonly memory?: string; readonly cpus?: string; readonly pages?: string; readonly mms?: string },
): { memory: MemoryName; size: Size } {
  const count = (option: string, text: string | undefined, usual: number, max: number): number =>
    text === undefined ? usual : parseCount(option, text, 1, max);
  return {
    memory: asked.memory === undefined ? target.memory : memoryByName(asked.memory),
    size: {
      cpus: count('--cpus', asked.cpus, target.size.cpus, MAX_CPUS),
      pages: count('--pages', asked.pages, target.size.pages, MAX_OBJECTS),
      mms: count('--mms', asked.mms, target.size.mms, MAX_OBJECTS),
    },
  };
}

/** Most worker threads: more cores than that share no memory bus worth the name. */
const MAX_WORKERS = 512;

/** Worker threads asked for; one for each core unless somebody asks. */
export function workersOf(asked: string | undefined): number {
  return asked === undefined ? availableParallelism() : parseCount('--workers', asked, 1, MAX_WORKERS);
}

/** What has no dashes before it. */
const ARGUMENTS: ReadonlySet<string> = new Set(['design', 'case', 'path', 'dir', 'target']);
/** What may be given several times. */
const LISTS: ReadonlySet<string> = new Set(['_', 'target-module', 'targetModule', 'design', 'case', 'path']);
/** What may be empty. */
const EMPTY: ReadonlySet<string> = new Set(['seed']);

/**
 * Refuses options that are given twice, which would be a list where a text is expected, and those without a value.
 *
 * @throws UsageError naming the option.
 */
export function checkGiven(argv: Readonly<Record<string, unknown>>): true {
  for (const [name, value] of Object.entries(argv)) {
    const option = ARGUMENTS.has(name) ? `<${name}>` : name.length === 1 ? `-${name}` : `--${name}`;
    if (Array.isArray(value) && !LISTS.has(name)) throw new UsageError(`${option}: is given twice`);
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (values.includes('') && !EMPTY.has(name)) throw new UsageError(`${option}: is empty`);
  }
  return true;
}
