import { memoryNames } from '../../engine/memory/index.ts';
import { memoryByName } from '../../fuzz/executor.ts';
import { WorkerPool } from '../../fuzz/pool.ts';
import { plantedModule, selfCheck } from '../../fuzz/selfcheck.ts';
import { Exit } from '../exit.ts';
import type { GlobalOptions } from '../options.ts';

/** `pagestorm selfcheck [--memory model] [--seed name]` */
export async function selfcheckCommand(
  options: GlobalOptions,
  memory: string | undefined,
  seed: string,
): Promise<number> {
  const models = memory === undefined ? memoryNames : [memoryByName(memory)];
  const pool = new WorkerPool([plantedModule], options.hangTimeout);
  let ok = true;
  try {
    for (const model of models) {
      const result = await selfCheck(pool, model, seed);
      for (const line of result.lines) console.log(line);
      ok &&= result.ok;
    }
  } finally {
    await pool.close();
  }
  if (!ok)
    console.error('pagestorm: the self-check FAILED: findings, and their absence, cannot be trusted here');
  return ok ? Exit.Ok : Exit.Internal;
}
