import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { FuzzTask } from '../../src/fuzz/tasks.ts';
import { demo } from '../cli/pagestorm.ts';
import { threadDiesAlone } from './heap-limit.ts';

/** Workers run what is built. */
async function built(): Promise<typeof import('../../src/fuzz/pool.ts')> {
  return import(new URL('../../dist/fuzz/pool.js', import.meta.url).href);
}

function task(design: string): FuzzTask {
  return {
    type: 'fuzz',
    job: { design, memory: 'sc', size: { cpus: 2, pages: 2, mms: 1 }, ops: [], seed: '1' },
    plan: { kind: 'fresh', from: 0, programs: 40 },
    ...{ executions: 2_000, known: [], untilCrash: false, coverage: null, deterministic: true },
  };
}

describe('a pool of workers', () => {
  it.runIf(threadDiesAlone)(
    'tells that a model filled its heap, and with which program, and goes on',
    async () => {
      const { WorkerPool, MemoryError } = await built();
      const pool = new WorkerPool([demo], 600, { heapMib: 96 });
      try {
        const lost = await pool.run<'fuzz'>(task('demo/leaks')).catch((error: unknown) => error);
        expect(lost).toBeInstanceOf(MemoryError);
        expect(lost).toMatchObject({ message: 'the model used up all memory' });
        expect((lost as InstanceType<typeof MemoryError>).program).toBeGreaterThanOrEqual(0);
        const { executions } = await pool.run<'fuzz'>(task('demo/fixed'));
        expect(executions).toBeGreaterThan(100);
      } finally {
        await pool.close();
      }
    },
  );

  it('holds a batch while it is paused, whatever the watchdog', async () => {
    const { WorkerPool } = await built();
    const pool = new WorkerPool([demo], 60);
    // The watchdog looks when it is told to: how much a busy machine does in its time is nothing to assert.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      await pool.run<'fuzz'>(task('demo/fixed'));
      pool.pause(true);
      let ended = false;
      const running = pool.run<'fuzz'>(task('demo/fixed')).finally(() => {
        ended = true;
      });
      running.catch(() => {});
      // It begins an execution, at most, and then waits.
      for (let minutes = 0; minutes < 5; minutes++) {
        await sleep(200);
        vi.advanceTimersByTime(60_000);
      }
      await sleep(200);
      expect(ended).toBe(false);
      expect(pool.executions).toBeLessThanOrEqual(1);
      pool.pause(false);
      expect((await running).executions).toBeGreaterThan(100);
    } finally {
      vi.useRealTimers();
      await pool.close();
    }
  });
});
