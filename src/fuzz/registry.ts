import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../engine/errors.ts';
import { targets as builtIn } from '../targets/index.ts';
import type { Target } from '../targets/target.ts';

/**
 * The targets that ship with the project and those of the ES modules named by `--target-module`, each of which
 * exports `targets`. A module's target replaces a built-in one of the same name.
 *
 * @throws UsageError if a module cannot be loaded or exports no targets.
 */
export async function loadTargets(modules: readonly string[]): Promise<readonly Target[]> {
  const all = new Map<string, Target>(builtIn.map(target => [target.name, target]));
  for (const path of modules) for (const target of await loadModule(path)) all.set(target.name, target);
  return [...all.values()];
}

async function loadModule(path: string): Promise<readonly Target[]> {
  let loaded: unknown;
  try {
    loaded = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new UsageError(`--target-module ${path}: cannot be loaded: ${reason}`);
  }
  const targets =
    typeof loaded === 'object' && loaded !== null && 'targets' in loaded ? loaded.targets : undefined;
  if (!Array.isArray(targets))
    throw new UsageError(`--target-module ${path}: does not export an array "targets"`);
  return targets.map((target: unknown, i) => {
    if (isTarget(target)) return target;
    throw new UsageError(
      `--target-module ${path}: targets[${i}] lacks a name, variants, operations or build()`,
    );
  });
}

function isTarget(value: unknown): value is Target {
  if (typeof value !== 'object' || value === null) return false;
  const { name, variants, switches, build, size, memory } = value as Partial<Record<keyof Target, unknown>>;
  return (
    typeof name === 'string' &&
    Array.isArray(variants) &&
    Array.isArray(switches) &&
    typeof build === 'function' &&
    typeof size === 'object' &&
    typeof memory === 'string'
  );
}
