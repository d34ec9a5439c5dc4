import { spawnSync } from 'node:child_process';
import type { TestProject } from 'vitest/node';

/** Minutes after which something hangs: many times what all tests take together. */
const PATIENCE_MINUTES = 60;

/**
 * Ends the run if tests never do, and names their files. A limit of Vitest's own cannot: a thread that is never given back,
 * as by an endless loop, heeds none.
 */
export default function setup({ vitest }: TestProject): void {
  if (vitest.config.watch) return;
  const timer = setTimeout(() => {
    const open = vitest.state.getTestModules().filter(one => ['queued', 'pending'].includes(one.state()));
    console.error(`the tests have not ended after ${PATIENCE_MINUTES} minutes; still open:`);
    for (const one of open) console.error(`  ${one.relativeModuleId}`);
    // It would run on by itself.
    spawnSync('pkill', ['-KILL', '-P', String(process.pid)]);
    process.exit(1);
  }, 60_000 * PATIENCE_MINUTES);
  timer.unref();
}
