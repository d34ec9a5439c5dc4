import { caseDesign } from '../../fuzz/case/case.ts';
import type { StepModel } from '../../report/steps/step-model.ts';
import type { Size } from '../size.ts';
import { cpuPanel } from './cpu-panel.ts';
import { helpLines, keyLine } from './help.ts';
import { lastStep, nextActor } from './last-step.ts';
import { cut, fill, type Line, line, mostImportant, type Ranked, rule, sides } from './lines.ts';
import { memoryPanel } from './memory-panel.ts';
import type { StepperState } from './state.ts';
import { strip } from './strip.ts';
import { timeline } from './timeline.ts';

/** From this size on the timeline stands beside the rest. */
const WIDE = { columns: 120, rows: 16 };
/** Rows that memory and timeline together keep of a terminal with so many rows. */
const KEPT = [
  { rows: 22, kept: 10 },
  { rows: 14, kept: 4 },
] as const;
/** The share of memory in what it and the timeline have. */
const MEMORY_SHARE = 0.4;

/** What the terminal shows: at most as many lines as it has rows, none wider than it. */
export function stepperFrame(
  model: StepModel,
  state: StepperState,
  name: string,
  size: Size,
): readonly Line[] {
  const { columns, rows } = size;
  const head = title(model, state.position, name, columns);
  const foot = footer(state, columns);
  const room = rows - 2;
  if (rows < 2) return [head].slice(0, Math.max(0, rows));
  const body = state.help
    ? helpLines(columns)
    : columns >= WIDE.columns && rows >= WIDE.rows
      ? wide(model, state, columns, room)
      : stacked(model, state, columns, room);
  const lines = body.slice(0, room).map(one => cut(one, columns));
  while (lines.length < room) lines.push([]);
  return [head, ...lines, foot];
}

function title(model: StepModel, position: number, name: string, columns: number): Line {
  const { case: one } = model.stepped;
  const left = line(` ${caseDesign(one)} (${one.memory})  ${name}`, 'title');
  const right = line(`${model.label(position)} `, 'title');
  return fill(sides(left, right, columns), columns).map(span => ({ ...span, style: 'title' as const }));
}

function footer(state: StepperState, columns: number): Line {
  const { prompt, message } = state;
  if (prompt !== null) {
    const what = prompt.kind === 'search' ? 'search for a location: ' : 'go to step: ';
    return cut([{ text: ` ${what}`, style: 'strong' }, ...line(`${prompt.text}_`)], columns);
  }
  if (state.help) return cut(line(' any key goes back', 'faint'), columns);
  if (message !== '') return cut(line(` ${message}`, 'strong'), columns);
  return keyLine(columns);
}

/** The last step and the CPUs, in `room` lines: where two lines for each CPU are too many, one has to do. */
function states(
  model: StepModel,
  position: number,
  columns: number,
  room: number,
  above: readonly Ranked[],
): readonly Line[] {
  const step = [...above, ...lastStep(model, position, columns), ...nextActor(model, position)];
  const needed = step.filter(one => one.rank === 0).length + 2 * model.cpus;
  const cpus = cpuPanel(model, position, columns, needed > room);
  return mostImportant([...step, { line: [], rank: 8 }, ...cpus], room);
}

function stacked(model: StepModel, state: StepperState, columns: number, room: number): readonly Line[] {
  const { position, search } = state;
  const kept = KEPT.find(one => room + 2 >= one.rows)?.kept ?? 0;
  const overview: Ranked = { line: strip(model, position, columns), rank: 5 };
  const above = states(model, position, columns, room - kept, [overview]);
  const left = room - above.length;
  const memory = left < 4 ? 0 : Math.floor(left * MEMORY_SHARE);
  return [
    ...above,
    ...(memory < 2
      ? []
      : [rule('memory', columns), ...memoryPanel(model, position, search, columns, memory - 1)]),
    ...timeline(model, position, columns, memory < 2 ? left : left - memory),
  ];
}

function wide(model: StepModel, state: StepperState, columns: number, room: number): readonly Line[] {
  const { position, search } = state;
  const width = Math.floor((columns - 3) / 2);
  const above = states(model, position, width, room - 1 - Math.ceil(room / 4), []);
  const memory = memoryPanel(model, position, search, width, room - 2 - above.length);
  const left = [...above, rule('memory', width), ...memory];
  const right = timeline(model, position, columns - width - 3, room - 1);
  const rows: Line[] = [strip(model, position, columns)];
  for (let i = 0; i < room - 1; i++)
    rows.push([...fill(left[i] ?? [], width), { text: ' │ ', style: 'faint' }, ...(right[i] ?? [])]);
  return rows;
}
