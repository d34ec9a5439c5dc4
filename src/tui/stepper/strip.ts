import type { StepModel } from '../../report/steps/step-model.ts';
import type { Line, Span } from './lines.ts';

/**
 * The whole execution in one line: the CPU of each step, `.` for the setup, `c` for a delayed store that commits, `i` for
 * an interrupt, `r` for RCU (a grace period starts, a callback runs), `e` for the end; the step that comes next is marked.
 * Where steps are more than columns, each cell stands for several.
 */
export function strip(model: StepModel, position: number, columns: number): Line {
  const cells = Math.min(columns, model.last);
  if (cells < 1) return [];
  const here = Math.min(cells - 1, Math.floor((position * cells) / model.last));
  const spans: Span[] = [];
  for (let cell = 0; cell < cells; cell++) {
    const step = model.step(Math.ceil((cell * model.last) / cells));
    const actor = step?.actor ?? 'cpu';
    const own = actor === 'cpu' ? String((step?.cpu ?? 0) % 10) : actor.slice(0, 1);
    const text = step?.setup === true ? '.' : own;
    const style = cell === here ? 'here' : cell < here ? (`cpu${step?.cpu ?? 0}` as const) : 'faint';
    const last = spans.at(-1);
    if (last?.style === style) spans[spans.length - 1] = { text: last.text + text, style };
    else spans.push({ text, style });
  }
  return spans;
}
