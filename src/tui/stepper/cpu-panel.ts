import type { CpuMoment } from '../../fuzz/steps/steps.ts';
import type { AccessEvent } from '../../fuzz/trace.ts';
import type { StepModel } from '../../report/steps/step-model.ts';
import {
  callbackTexts,
  contextText,
  delayedTexts,
  nextNote,
  nextText,
  olderTexts,
  spellAll,
  tlbTexts,
} from '../../report/steps/step-text.ts';
import { LABEL, labelled } from './label.ts';
import { fold, type Line, line, type Ranked, type Style, sides, widthOf } from './lines.ts';
import { sourceLine } from './source.ts';

/** Ranks of the lines that say which older values a CPU may see. */
const OLDER_RANKS = [2, 4];
/** Columns that the context of a CPU needs beside its operation. */
const CONTEXT = 12;

/**
 * Each CPU: its operation and context, its next access, its locks, its delayed stores, what it could read that is old.
 * With `compact`, what it does next stands in one line with its name.
 */
export function cpuPanel(
  model: StepModel,
  position: number,
  columns: number,
  compact: boolean,
): readonly Ranked[] {
  const moment = model.moment(position);
  const step = model.step(position);
  return moment.cpus.flatMap((cpu, c) => {
    const acts = step?.actor === 'cpu' && step.cpu === c;
    const name: Line = [
      { text: acts ? ' > ' : '   ', style: 'strong' },
      { text: `CPU${c}`, style: `cpu${c}` },
    ];
    if (position < model.start && c > 0) return [saying(name, 'begins after the setup')];
    const note = nextNote(moment, c, model.spell);
    const next = nextText(cpu, model.spell);
    const style = acts ? 'strong' : 'plain';
    const first = compact
      ? [{ line: [...name, { text: `  ${next}`, style }, ...remark(note)] as const, rank: 0 }]
      : opening(model, cpu, name, labelled('next', next, style), note, columns);
    return [...first, ...details(model, position, c, columns)];
  });
}

function saying(name: Line, text: string): Ranked {
  return { line: [...name, { text: `  ${text}`, style: 'plain' }], rank: 0 };
}

/** The operation with the context, the next access, and where the model makes it. */
function opening(
  model: StepModel,
  cpu: CpuMoment,
  name: Line,
  next: Line,
  note: string,
  columns: number,
): readonly Ranked[] {
  const running = cpu.running.join('  ');
  if (running === '') return [saying(name, nextText(cpu, model.spell))];
  const head: Line = [...name, { text: `  ${running}`, style: 'plain' }];
  if (cpu.next === null)
    return [
      { line: head, rank: 0 },
      { line: next, rank: 1 },
    ];
  const context = line(contextText(cpu.context), cpu.context.maySleep ? 'faint' : 'plain');
  const whole: Line = [...next, ...remark(note)];
  const long = widthOf(whole) > columns;
  return [
    { line: widthOf(head) > columns - CONTEXT ? head : sides(head, context, columns), rank: 0 },
    { line: long ? next : whole, rank: 0 },
    ...(long && note !== '' ? [{ line: labelled('', note, 'weak'), rank: 1 }] : []),
    ...source(cpu.next),
  ];
}

function remark(note: string): Line {
  return note === '' ? [] : [{ text: `   ${note}`, style: 'weak' }];
}

function source({ place }: AccessEvent): readonly Ranked[] {
  if (place.func === '') return [];
  const text = sourceLine(place);
  const at = labelled('at', `${place.func} ${place.file}:${place.line}`, 'faint');
  return [{ line: text === '' ? at : [...at, { text: `  ${text}`, style: 'plain' }], rank: 6 }];
}

function details(model: StepModel, position: number, cpu: number, columns: number): readonly Ranked[] {
  const moment = model.moment(position);
  const lines: Ranked[] = [];
  const add = (rank: number, label: string, text: string, style: Style = 'plain'): void => {
    if (text !== '') lines.push({ line: labelled(label, text, style), rank });
  };
  const older = olderTexts(model, position, cpu);
  const folded = (texts: readonly string[]): readonly string[] => fold(texts.join('; '), columns - LABEL);
  add(1, 'delays', delayedTexts(moment, cpu, model.spell).join('; '), 'weak');
  for (const [i, text] of folded(older.used).entries())
    add(OLDER_RANKS[i] ?? 7, i === 0 ? 'may see' : '', text, 'weak');
  for (const [i, text] of folded(older.others).entries())
    add(7, i === 0 && older.used.length === 0 ? 'may see' : '', text, 'faint');
  const held = moment.cpus[cpu]?.held ?? [];
  add(3, 'holds', held.map(name => spellAll(name, model.spell)).join(', '));
  add(3, 'TLB', tlbTexts(moment, cpu).join('; '), 'weak');
  add(3, 'RCU', callbackTexts(moment, cpu, model.spell).join('; '));
  return lines;
}
