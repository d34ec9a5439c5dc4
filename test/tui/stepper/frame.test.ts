import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Stepped } from '../../../src/fuzz/steps/steps.ts';
import { StepModel } from '../../../src/report/steps/step-model.ts';
import { stepperFrame } from '../../../src/tui/stepper/frame.ts';
import { keys } from '../../../src/tui/stepper/help.ts';
import type { Line } from '../../../src/tui/stepper/lines.ts';
import { firstState, type Key, press, type StepperState } from '../../../src/tui/stepper/state.ts';
import { cross, shipped } from './crossing.ts';

const delayed = cross([['set_tags 0'], ['set_tags 0']], 'cpu0*2 delay cpu0*1 cpu1*3');
const stale = cross(
  [['set_tags 0'], ['set_tags 0']],
  'cpu0*2 delay cpu0*1 cpu1*2 commit(cpu0,pages[0].tags[0]) cpu1 stale(1)',
);
const four = cross(
  [['set_tags 0'], ['unmap', 'set_tags 1'], ['touch 0', 'look_up'], ['touch 1', 'unmap']],
  'cpu2 cpu3 cpu1*2 cpu3 cpu0*2 delay cpu1*2 cpu2 cpu3*9 cpu2*9',
  { pages: 2, setup: ['touch 1'] },
);
const eight = cross(
  Array.from({ length: 8 }, (_, i) => [i % 2 === 0 ? 'set_tags 0' : 'unmap']),
  'cpu0*2 delay cpu1 cpu2 cpu4 cpu1',
);
const interrupted = cross([['look_up'], ['unmap']], 'cpu0*2 irq(cpu0) cpu0*3 cpu1*4', {
  interrupts: [['tick']],
});
const callback = cross([['drop'], ['look_up']], 'cpu1 cpu0 rcu(cpu0) cpu1*2 rcu(cpu0) cpu0');
const diverged = cross([['unmap'], ['unmap']], 'cpu0 cpu1*2');

/** The keys as a user types them; names of keys stand in brackets. */
function keysOf(text: string): readonly Key[] {
  return (text.match(/\[\w+\]|./g) ?? []).map(one =>
    one.length > 1 ? (one.slice(1, -1) as Key) : { typed: one },
  );
}

function textOf(spans: Line): string {
  return spans.map(span => span.text).join('');
}

function stateAfter(model: StepModel, pressed: string): StepperState {
  return keysOf(pressed).reduce((state, key) => press(model, state, key), firstState(model));
}

function frameText(stepped: Stepped, pressed: string, columns: number, rows: number): string {
  const model = new StepModel(stepped);
  const frame = stepperFrame(model, stateAfter(model, pressed), 'case.yaml', { columns, rows });
  return `${frame.map(line => textOf(line).trimEnd()).join('\n')}\n`;
}

describe('a frame of the stepper', () => {
  it.each([
    ['delayed store', delayed, 'w', 80, 24],
    ['missed store', delayed, '[end][left]', 80, 24],
    ['violation', delayed, 'v', 80, 24],
    ['stale read', stale, '[end][left]', 80, 24],
    ['four CPUs', four, 'sss', 80, 24],
    ['four CPUs, wide', four, 'sss', 140, 30],
    ['eight CPUs', eight, '[end]', 80, 24],
    ['setup', four, '<[right]', 80, 24],
    ['interrupt', interrupted, 'o', 80, 24],
    ['callback', callback, '[end][left]', 80, 24],
    ['queued callback', callback, '[right][right][right]', 80, 24],
    ['divergence', diverged, '[end]', 80, 24],
    ['search', delayed, '/tags[enter]', 60, 16],
    ['typing', delayed, '/ta', 40, 10],
    ['tiny', delayed, 'w', 20, 5],
    ['help', delayed, '?', 80, 24],
  ] as const)('shows %s', async (name, stepped, pressed, columns, rows) => {
    const file = name.replaceAll(/[ ,]+/g, '-').toLowerCase();
    await expect(frameText(stepped, pressed, columns, rows)).toMatchFileSnapshot(`golden/${file}.golden.txt`);
  });

  it('shows what oracles keep where there is room, and when it is searched for', () => {
    const stepped = shipped('mte-sync/H1-tag-loss.yaml');
    expect(frameText(stepped, '[end][left]', 80, 24)).not.toContain('(ghost)');
    expect(frameText(stepped, '[end][left]', 140, 50)).toMatch(
      /pages\[0\]\.owned +1 {2}\(was 0\) {2}\(ghost\)/,
    );
    expect(frameText(stepped, '[end]/owned[enter]', 80, 24)).toMatch(/pages\[0\]\.owned +\d.*\(ghost\)/);
  });

  it('has its keys in the documentation', () => {
    const text = readFileSync(new URL('../../../docs/stepper.md', import.meta.url), 'utf8');
    for (const [names, what] of keys) expect(text).toContain(`| \`${names}\` | ${what} |`);
  });

  const models = [
    delayed,
    stale,
    four,
    interrupted,
    callback,
    diverged,
    shipped('mte-sync/H24-barrier.yaml'),
    shipped('guest-memfd/A3-1.yaml'),
    shipped('tag-storage/M1-swapped-lines.yaml'),
  ].map(stepped => new StepModel(stepped));
  const anyKey: fc.Arbitrary<Key> = fc.oneof(
    fc.constantFrom<Key>(
      'right',
      'left',
      'pagedown',
      'pageup',
      'home',
      'end',
      'enter',
      'escape',
      'backspace',
    ),
    fc.constantFrom(...'oOsSwWvnNgG/?<> hjkl12'.split('')).map(typed => ({ typed })),
  );

  it('is never wider or higher than the terminal, whatever was pressed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...models),
        fc.array(anyKey, { maxLength: 30 }),
        fc.integer({ min: 1, max: 220 }),
        fc.integer({ min: 1, max: 70 }),
        (model, pressed, columns, rows) => {
          const state = pressed.reduce((now, key) => press(model, now, key), firstState(model));
          expect(state.position).toBeGreaterThanOrEqual(0);
          expect(state.position).toBeLessThanOrEqual(model.last);
          const frame = stepperFrame(model, state, 'a-case-with-a-long-name.yaml', { columns, rows });
          expect(frame.length).toBe(rows);
          for (const line of frame) {
            const text = textOf(line);
            expect(text.length).toBeLessThanOrEqual(columns);
            expect(text).toMatch(/^[\x20-\x7e─│…]*$/);
          }
        },
      ),
      { seed: 101, numRuns: 150 },
    );
  });

  it('at 80x24 always says where it is, what was done, and what each CPU does next', () => {
    for (const model of models) {
      for (let position = 0; position <= model.last; position += 1 + Math.floor(model.last / 60)) {
        const state = { ...firstState(model), position };
        const text = stepperFrame(model, state, 'x', { columns: 80, rows: 24 }).map(textOf).join('\n');
        expect(text).toContain(model.label(position));
        for (let cpu = 0; cpu < model.cpus; cpu++) expect(text).toMatch(new RegExp(`^ [ >] CPU${cpu} `, 'm'));
        expect(text).toContain('── now ─');
      }
    }
  });
});
