import { describe, expect, it } from 'vitest';
import { Layout, lock, word } from '../../src/engine/layout.ts';
import { Machine } from '../../src/engine/machine.ts';
import { memoryModels } from '../../src/engine/memory/index.ts';
import { End } from '../../src/engine/program.ts';
import {
  readSeqcountBegin,
  readSeqcountRetry,
  writeSeqcountBegin,
  writeSeqcountEnd,
} from '../../src/engine/seqcount.ts';
import { RandomWalk } from '../../src/engine/strategies/random.ts';
import { type Body, programOf, run, verdicts } from './run.ts';

const layout = new Layout();
const w = layout.struct('w', { sequence: word(), x: word(), y: word(), lock: lock('Spinlock') });

const writer: Body = function* (cpu) {
  yield cpu.spinLock(w.lock);
  yield* writeSeqcountBegin(cpu, w.sequence);
  yield cpu.writeOnce(w.x, 1);
  yield cpu.writeOnce(w.y, 1);
  yield* writeSeqcountEnd(cpu, w.sequence);
  yield cpu.spinUnlock(w.lock);
};
const reader = (retry: boolean): Body =>
  function* (cpu) {
    const start = yield* readSeqcountBegin(cpu, w.sequence);
    const x = yield cpu.readOnce(w.x);
    const y = yield cpu.readOnce(w.y);
    if (retry && (yield* readSeqcountRetry(cpu, w.sequence, start))) return;
    cpu.warnOn(x !== y, 'torn');
  };

describe('a seqcount', () => {
  it('never lets a reader that need not retry see half an update', () => {
    expect(verdicts(layout, [writer, reader(true)])).toEqual(['none']);
  });
  for (const memory of ['tso', 'arm64'] as const) {
    it(`never does so under ${memory} in 20000 random executions`, () => {
      const machine = new Machine(layout, { cpus: 2, memory: memoryModels[memory] });
      const source = new RandomWalk('seqcount');
      const program = programOf([writer, reader(true)]);
      for (let i = 0; i < 20_000; i++) expect(machine.run(program, source)).toBe(End.Done);
    });
  }
  it('needs its read barrier under arm64: without it 20000 random executions show the tear', () => {
    const bare: Body = function* (cpu) {
      const start = yield* readSeqcountBegin(cpu, w.sequence);
      const x = yield cpu.readOnce(w.x);
      const y = yield cpu.readOnce(w.y);
      if ((yield cpu.readOnce(w.sequence)) === start) cpu.warnOn(x !== y, 'torn');
    };
    const machine = new Machine(layout, { cpus: 2, memory: memoryModels.arm64 });
    const source = new RandomWalk('seqcount');
    let torn = 0;
    for (let i = 0; i < 20_000; i++)
      if (machine.run(programOf([writer, bare]), source) === End.Violation) torn++;
    expect(torn).toBeGreaterThan(0);
  });
  it('does let one that forgets to check', () => {
    expect(verdicts(layout, [writer, reader(false)])).toEqual(['none', 'warn']);
  });
  it('warns of a writer that may be preempted', () => {
    const bare: Body = function* (cpu) {
      yield* writeSeqcountBegin(cpu, w.sequence);
    };
    expect(run(layout, [bare]).violation?.message).toBe('seqcount write section entered while preemptible');
  });
});
