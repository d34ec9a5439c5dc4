import { isWeak, type StepModel } from '../../report/steps/step-model.ts';
import { stepText } from '../../report/steps/step-text.ts';
import { cut, type Line, rule, type Style } from './lines.ts';

/** Columns for the number of a step. */
const NUMBER = 6;
/** What is left for the last CPU's column, and how far apart columns are. */
const LAST_COLUMN = 54;
const MIN_INDENT = 3;
const MAX_INDENT = 38;
/** Where in the window the present is, as a share of its height. */
const PRESENT = 0.6;

/** A row of the timeline; it belongs to the step with that number from 0. */
interface Row {
  readonly step: number;
  readonly number: string;
  readonly cpu: number;
  readonly text: string;
  readonly style: Style;
}

const cache = new WeakMap<StepModel, readonly Row[]>();

/** The execution as a diagram draws it, a column for each CPU, around the present: above what is done, below what comes. */
export function timeline(
  model: StepModel,
  position: number,
  columns: number,
  height: number,
): readonly Line[] {
  if (height < 1) return [];
  const rows = rowsOf(model);
  const done = rows.findIndex(row => row.step >= position);
  const present = done < 0 ? rows.length : done;
  // The present takes a row of its own.
  const total = rows.length + 1;
  const from = Math.max(0, Math.min(present - Math.floor(height * PRESENT), total - height));
  const lines: Line[] = [];
  for (let i = from; i < Math.min(total, from + height); i++) {
    if (i === present) lines.push(rule('now', columns));
    else {
      const row = rows[i < present ? i : i - 1];
      if (row !== undefined) lines.push(rowLine(row, model, columns, i < present));
    }
  }
  return lines;
}

function rowLine(row: Row, model: StepModel, columns: number, past: boolean): Line {
  const cpu = Math.max(0, row.cpu);
  // A row that is too long for its column begins further left.
  const fitting = Math.max(cpu * MIN_INDENT, columns - NUMBER - row.text.length);
  const indent = ' '.repeat(Math.min(cpu * indentOf(model.cpus, columns), fitting));
  const number = { text: row.number.padStart(NUMBER - 2).padEnd(NUMBER), style: 'faint' } as const;
  return cut([number, { text: indent + row.text, style: past ? row.style : 'faint' }], columns);
}

function indentOf(cpus: number, columns: number): number {
  const free = Math.floor((columns - NUMBER - LAST_COLUMN) / Math.max(1, cpus - 1));
  return Math.max(MIN_INDENT, Math.min(MAX_INDENT, free));
}

function rowsOf(model: StepModel): readonly Row[] {
  const known = cache.get(model);
  if (known !== undefined) return known;
  const rows: Row[] = [];
  const heading = (step: number, cpu: number, text: string): void => {
    rows.push({ step, number: '', cpu, text: `CPU${cpu} ${text}:`, style: `cpu${cpu}` });
  };
  const begin = (step: number): void => {
    for (const [cpu, { running }] of model.moment(step).cpus.entries())
      for (const text of running) heading(step, cpu, step < model.start ? `setup: ${text}` : text);
  };
  if (model.start > 0) begin(0);
  for (let i = 0; i < model.last; i++) {
    if (i === model.start) begin(i);
    const step = model.step(i);
    if (step === undefined) continue;
    const irq = step.events.some(event => event.type === 'interrupt' && event.begin);
    const spelled = stepText(step, model.spell);
    const text = irq ? `${spelled}:` : `  ${spelled}`;
    const style = irq ? (`cpu${step.cpu}` as const) : isWeak(step) ? 'weak' : 'plain';
    rows.push({ step: i, number: model.numberOf(i), cpu: step.cpu, text, style });
    for (const event of step.events) {
      if (event.type === 'operation' && event.begin) heading(i, event.cpu, event.text);
    }
  }
  const { violation } = model;
  if (violation !== null) {
    const step = Math.max(0, model.last - 1);
    rows.push({ step, number: '', cpu: violation.cpu, text: `  *** ${violation.oracle}`, style: 'bad' });
  }
  cache.set(model, rows);
  return rows;
}
