import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Executor } from '../../../src/fuzz/executor.ts';
import { ProgramGenerator } from '../../../src/fuzz/generate.ts';
import { callCount, type Program } from '../../../src/fuzz/program.ts';
import { mutateSchedule } from '../../../src/fuzz/search/mutate-schedule.ts';
import { plannedProgram } from '../../../src/fuzz/search/programs.ts';
import { parseSelection } from '../../../src/fuzz/selection.ts';
import { Stream } from '../../../src/fuzz/stream.ts';
import type { Job, MutatePlan, Seed } from '../../../src/fuzz/tasks.ts';
import { targets } from '../../../src/targets/index.ts';

const [selection] = parseSelection('guest-memfd/v6.11-fixed', targets);
const { size } = selection.target;
const { model } = new Executor(selection, 'tso', size);
const generator = new ProgramGenerator(model, size);
const job: Job = { design: 'guest-memfd/v6.11-fixed', memory: 'tso', size, ops: [], seed: 'mutation' };

function seedOf(id: number): Seed {
  return { id: String(id), program: generator.draw(new Stream(`program ${id}`)), answers: [] };
}
function planOf(stream: string, first: number): MutatePlan {
  const others = [seedOf(first + 1), seedOf(first + 2)];
  return { kind: 'mutate', entry: seedOf(first), stream, children: 12, others };
}

describe('children of queue entries', () => {
  it('are programs of the model: known operations in their places, arguments in range, something to interleave', () => {
    const byName = new Map(model.operations.map(one => [one.name, one]));
    const check = ({ setup, cpus, interrupts }: Program): void => {
      expect(cpus).toHaveLength(size.cpus);
      expect(cpus.filter(list => list.length > 0).length).toBeGreaterThanOrEqual(2);
      for (const [calls, handlers] of [
        [[...setup, ...cpus.flat()], false] as const,
        [interrupts.flat(), true] as const,
      ]) {
        for (const { operation, args } of calls) {
          const declared = byName.get(operation);
          expect(declared?.interrupt === true).toBe(handlers);
          expect(args).toHaveLength(declared?.parameters.length ?? -1);
          for (const [i, value] of args.entries())
            expect(declared?.parameters[i]?.arbitrary(size).canShrinkWithoutContext(value)).toBe(true);
        }
      }
    };
    fc.assert(
      fc.property(fc.string(), fc.nat(50), (stream, first) => {
        const plan = planOf(stream, first);
        for (let i = 0; i < plan.children; i++) {
          const { program, how } = plannedProgram(generator, job, plan, i);
          check(program);
          expect(callCount(program)).toBeLessThanOrEqual(24);
          expect(how).not.toBe('');
        }
      }),
      { seed: 2, numRuns: 40 },
    );
  });

  it('depend on the plan and their number alone, and take turns between the parents', () => {
    const plan = planOf('again', 7);
    const parents = new Set<string>();
    for (let i = plan.children - 1; i >= 0; i--) {
      const one = plannedProgram(generator, job, plan, i);
      expect(plannedProgram(generator, job, planOf('again', 7), i)).toEqual(one);
      parents.add(one.parent?.id ?? '');
      if (one.same)
        expect(one.program).toEqual(
          one.parent !== null && 'program' in one.parent ? one.parent.program : null,
        );
    }
    expect([...parents].sort()).toEqual(['7', '8', '9']);
  });

  it('are changed in every way there is', () => {
    const ways = new Set<string>();
    for (let s = 0; s < 40; s++) {
      const plan = planOf(`way ${s}`, s);
      for (let i = 0; i < plan.children; i++) ways.add(plannedProgram(generator, job, plan, i).how);
    }
    expect([...ways].sort()).toEqual(
      [
        'cpu-swap',
        'op-argument',
        'op-copy',
        'op-delete',
        'op-insert',
        'op-move',
        'op-replace',
        'op-same',
        'splice',
      ].sort(),
    );
  });
});

describe('a change of a schedule', () => {
  it('edits places that were recorded, in order, each once, or keeps a prefix', () => {
    const recorded = fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 2, max: 4 }), fc.nat(3)), {
      minLength: 1,
    });
    fc.assert(
      fc.property(recorded, fc.integer(), (asked, seed) => {
        const kinds = asked.map(([kind]) => kind);
        const counts = asked.map(([, n]) => n);
        const answers = asked.map(([, n, answer]) => answer % n);
        const stream = new Stream(String(seed));
        const random = (): number => stream.below(1 << 20) / (1 << 20);
        for (let i = 0; i < 20; i++) {
          const { name, keep, edits } = mutateSchedule({ kinds, counts, answers }, random);
          expect(name).toMatch(/^sched-/);
          expect(keep).toBeGreaterThan(0);
          const places = edits.map(edit => edit.at);
          expect(places).toEqual([...new Set(places)].toSorted((a, b) => a - b));
          for (const at of places) expect(kinds[at]).toBeDefined();
        }
      }),
      { seed: 3, numRuns: 60 },
    );
  });
});
