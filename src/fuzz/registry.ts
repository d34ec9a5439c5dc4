import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { UsageError } from '../engine/errors.ts';
import { targets as builtIn } from '../targets/index.ts';
import type { Target } from '../targets/target.ts';
import { checkedTarget, faultOfTarget, isTarget } from './checked-target.ts';
import { fence, leave } from './fence.ts';
import { tryToLoad } from './module-trial.ts';
import { plantedModule } from './selfcheck.ts';
import { thrownText } from './thrown.ts';

/**
 * The targets that ship with the project and those of the ES modules named by `--target-module`, each of which
 * exports `targets`. A module's target replaces a built-in one of the same name.
 *
 * @param tried true if another process has found that loading them ends.
 * @throws UsageError if a module cannot be loaded, exports no targets, or one of the name of another module's.
 */
export async function loadTargets(modules: readonly string[], tried = false): Promise<readonly Target[]> {
  const all = new Map<string, Target>(builtIn.map(target => [target.name, target]));
  const from = new Map<string, string>();
  for (const path of new Set(modules.map(one => resolve(one)))) {
    for (const target of await loadModule(path, tried)) {
      if (target.name === 'planted' && path !== plantedModule) {
        throw new UsageError(
          `--target-module ${path}: "planted" is the name of the target of the self-check`,
        );
      }
      const other = from.get(target.name);
      if (other !== undefined) {
        const where = other === path ? '' : `, as ${other} does`;
        throw new UsageError(`--target-module ${path}: has a second target called "${target.name}"${where}`);
      }
      from.set(target.name, path);
      all.set(target.name, target);
    }
  }
  return [...all.values()];
}

async function loadModule(path: string, tried: boolean): Promise<readonly Target[]> {
  const fail = (message: string): never => {
    throw new UsageError(`--target-module ${path}: ${message}`);
  };
  let loaded: unknown;
  try {
    // Of a worker there is a watchdog.
    if (isMainThread && !tried) await tryToLoad(path);
    loaded = await importing(path);
  } catch (error) {
    return fail(`cannot be loaded: ${thrownText(error)}`);
  }
  const targets =
    typeof loaded === 'object' && loaded !== null && 'targets' in loaded ? loaded.targets : undefined;
  if (!Array.isArray(targets) || targets.length === 0) return fail('does not export an array "targets"');
  return targets.map((target: unknown, i) => {
    return isTarget(target) ? checkedTarget(target) : fail(`targets[${i}]: ${faultOfTarget(target)}`);
  });
}

async function importing(path: string): Promise<unknown> {
  // Node ends a process in which nothing is left to wait for but a promise.
  const onNothingLeft = (): void => {
    console.error(`pagestorm: --target-module ${path}: cannot be loaded: it waits for what never comes`);
    leave(2);
  };
  process.once('beforeExit', onNothingLeft);
  const open = fence();
  try {
    return await import(pathToFileURL(path).href);
  } finally {
    open();
    process.off('beforeExit', onNothingLeft);
  }
}
