import { describe, expect, it } from 'vitest';
import { RandomWalk } from '../../src/engine/strategies/random.ts';
import { Executor } from '../../src/fuzz/executor.ts';
import { ProgramGenerator } from '../../src/fuzz/generate.ts';
import { Stream } from '../../src/fuzz/stream.ts';
import { oracles } from '../../src/oracles/index.ts';
import { targets } from '../../src/targets/index.ts';
import type { Switch, Target, Variant } from '../../src/targets/target.ts';

const PROGRAMS = 12;
const SCHEDULES = 8;

function executorOf(target: Target, variant: Variant, switches: readonly Switch[] = []): Executor {
  const settings = Object.assign({}, variant.settings, ...switches.map(one => one.settings));
  return new Executor({ target, variant, switches, settings }, target.memory, target.size);
}

/** Runs a few random programs and returns what they did, as text that must not change from run to run. */
function fingerprint(executor: Executor, repeat: number): string {
  const generator = new ProgramGenerator(executor.model, executor.size);
  const lines: string[] = [];
  for (let i = 0; i < PROGRAMS; i++) {
    const program = executor.bind(generator.draw(new Stream(`contract/${i}`)));
    for (let again = 0; again < repeat; again++) {
      const source = new RandomWalk(`contract/${i}`);
      const seen: string[] = [];
      for (let k = 0; k < SCHEDULES; k++) {
        const end = executor.machine.run(program, source);
        const { steps, violation, words } = executor.machine;
        let hash = 0;
        for (const word of words) hash = (Math.imul(hash, 31) + word) | 0;
        seen.push(`${end} ${steps} ${hash} ${violation?.oracle ?? ''}`);
      }
      lines.push(seen.join(';'));
    }
  }
  return lines.join('\n');
}

describe.each(targets.map(target => [target.name, target] as const))('%s', (_name, target) => {
  it('gives the same executions on a fresh machine and on one that has run before', () => {
    const [variant] = target.variants;
    const fresh = fingerprint(executorOf(target, variant), 1).split('\n');
    const twice = fingerprint(executorOf(target, variant), 2).split('\n');
    expect(twice.filter((_, i) => i % 2 === 0)).toEqual(fresh);
    expect(twice.filter((_, i) => i % 2 === 1)).toEqual(fresh);
  });

  it.each(target.variants.map(variant => [variant.name, variant] as const))(
    'runs as %s',
    (_variant, variant) => {
      const executor = executorOf(target, variant);
      expect(() => fingerprint(executor, 1)).not.toThrow();
      if (variant.fixed === true) expect(executor.machine.violation).toBeNull();
    },
  );

  it('runs with each switch on a fixed design', () => {
    const fixed = target.variants.find(variant => variant.fixed === true) ?? target.variants[0];
    for (const one of target.switches)
      expect(() => fingerprint(executorOf(target, fixed, [one]), 1)).not.toThrow();
  });

  it('names oracles that exist, and variants and switches once', () => {
    for (const id of target.oracles) expect(oracles.map(oracle => oracle.id)).toContain(id);
    const names = [...target.variants, ...target.switches].map(one => one.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('changes only settings that its variants have', () => {
    const known = Object.keys(target.variants[0].settings);
    for (const one of target.switches)
      expect(known).toEqual(expect.arrayContaining(Object.keys(one.settings)));
  });

  it('reaches every operation in random programs', () => {
    const executor = executorOf(
      target,
      target.variants.find(variant => variant.fixed === true) ?? target.variants[0],
    );
    const generator = new ProgramGenerator(executor.model, executor.size);
    const drawn = new Set<string>();
    for (let i = 0; i < 400; i++) {
      const program = generator.draw(new Stream(`reach/${i}`));
      for (const call of [program.setup, ...program.cpus, ...program.interrupts].flat())
        drawn.add(call.operation);
    }
    const expected = executor.model.operations.filter(operation => (operation.weight ?? 1) > 0);
    expect([...drawn].sort()).toEqual(expected.map(operation => operation.name).sort());
  });
});
