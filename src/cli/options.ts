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
  const value = Math.round(Number((found?.[1] ?? '').replaceAll('_', '')) * scale);
  if (found === null || !(value >= min && value <= max)) {
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
