import { memoryNames } from '../../engine/memory/index.ts';
import { memoryByName } from '../../fuzz/executor.ts';
import { WorkerPool } from '../../fuzz/pool.ts';
import { plantedModule, selfCheck } from '../../fuzz/selfcheck.ts';
import { Exit } from '../exit.ts';
import type { GlobalOptions } from '../options.ts';
import { StatusLine } from '../status-line.ts';

/** `pagestorm selfcheck [--memory model] [--seed name]` */
export async function selfcheckCommand(
  options: GlobalOptions,
  memory: string | undefined,
  seed: string,
): Promise<number> {
  const models = memory === undefined ? memoryNames : [memoryByName(memory)];
  const pool = new WorkerPool([plantedModule], options.hangTimeout);
  const status = new StatusLine();
  let ok = true;
  let checking = '';
  const ticker = setInterval(() => status.live(`${checking}, ${pool.begun} executions`), 250);
  try {
    for (const [i, model] of models.entries()) {
      checking = `memory model ${i + 1} of ${models.length}: ${model}`;
      const result = await selfCheck(pool, model, seed);
      status.clear();
      for (const line of result.lines) console.log(line);
      ok &&= result.ok;
    }
  } finally {
    clearInterval(ticker);
    status.clear();
    await pool.close();
  }
  if (!ok)
    console.error('pagestorm: the self-check FAILED: findings, and their absence, cannot be trusted here');
  return ok ? Exit.Ok : Exit.Internal;
}
