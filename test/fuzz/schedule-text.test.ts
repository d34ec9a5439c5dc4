import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Choice } from '../../src/engine/access.ts';
import { Layout, word } from '../../src/engine/layout.ts';
import type { Schedule, Step } from '../../src/engine/schedule.ts';
import { formatSchedule, parseSchedule } from '../../src/fuzz/case/schedule-text.ts';

const layout = new Layout();
layout.array('pages', 2, { flags: word(), tags: word() });
const find = (name: string) => layout.find(name);

const pick = fc.oneof(
  fc.record({ kind: fc.constantFrom(Choice.Delay, Choice.Fail, Choice.Tlb), value: fc.constant(1) }),
  fc.record({ kind: fc.constantFrom(Choice.Stale, Choice.Model), value: fc.integer({ min: 0, max: 5 }) }),
);
const picks = fc.array(pick, { maxLength: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    actor: fc.constantFrom('cpu' as const, 'irq' as const),
    cpu: fc.nat(3),
    address: fc.constant(0),
    picks,
  }),
  fc.record({
    actor: fc.constant('commit' as const),
    cpu: fc.nat(3),
    address: fc.integer({ min: 1, max: 4 }),
    picks,
  }),
);
const schedule: fc.Arbitrary<Schedule> = fc.record({ before: picks, steps: fc.array(step) });

describe('the text of a schedule', () => {
  it('reads back as the schedule that was written', () => {
    fc.assert(
      fc.property(schedule, one => {
        expect(parseSchedule(formatSchedule(one, layout), find)).toEqual(one);
      }),
      { seed: 102 },
    );
  });

  it('is made of runs, with the other answers after the step in which they were given', () => {
    const text = 'choose(2) cpu0*3 delay cpu0*2 commit(cpu0,pages[0].tags) cpu1 stale(1) fail tlb irq(cpu1)';
    expect(formatSchedule(parseSchedule(text, find), layout)).toBe(text);
  });

  it.each([
    ['cpu0*0', /repeats 0 times/],
    ['cpu0*99999999', /repeats/],
    ['delay(', /cannot read "delay\("/],
    ['commit(cpu0,page)', /no location page/],
    ['CPU0', /cannot read "CPU0"/],
  ])('refuses %s', (text, message) => {
    expect(() => parseSchedule(text, find)).toThrow(message);
  });
});
