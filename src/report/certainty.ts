import type { Exploration, ExploredBound } from '../fuzz/explore.ts';

/** What was run to tell how sure a verdict is: the program of a case, on some design under some memory model. */
export interface Tried {
  readonly design: string;
  readonly memory: string;
  readonly explored: Exploration;
}

/** Which bounds the table holds, as a sentence. */
export function scopeText({ bounds }: Exploration): string {
  const whole = bounds.filter(bound => bound.complete).length;
  if (whole === 0) return 'No bound could be exhausted: what follows is sampled.';
  const which = whole === bounds.length ? 'below' : 'that the table calls "all"';
  return `Exhaustive within the bounds ${which}: every execution of this program with at most that many preemptions and reordered accesses was run.`;
}

/** What a table in which no bound that was exhausted shows a violation says about it; null for any other. */
export function beyondText({ bounds }: Exploration): string | null {
  const whole = bounds.filter(bound => bound.complete);
  if (whole.length === 0 || whole.some(bound => bound.shown > 0)) return null;
  if (bounds.some(bound => bound.shown > 0)) {
    return 'Where all were run none shows it; within the last bound, of which not all were run, some do.';
  }
  const judged = whole.every(bound => bound.unjudged === 0);
  return judged ? 'None of those shows it: it takes more.' : 'None of those shows it that was judged.';
}

/** The bound that says most: the last that was exhausted and shows it, else the last that was exhausted and judged. */
function telling({ bounds }: Exploration): ExploredBound | null {
  const whole = bounds.filter(bound => bound.complete);
  return whole.findLast(bound => bound.shown > 0) ?? whole.findLast(bound => bound.unjudged === 0) ?? null;
}

/** `at most 1 preemption and 2 reordered accesses` */
function boundText({ preemptions, reorderings }: ExploredBound, memory: string): string {
  const many = (n: number, one: string, more: string): string =>
    `${n === 0 ? 'no' : n} ${n === 1 ? one : more}`;
  const parts = [
    many(preemptions, 'preemption', 'preemptions'),
    ...(memory === 'sc' ? [] : [many(reorderings, 'reordered access', 'reordered accesses')]),
  ];
  return `${preemptions + reorderings === 0 ? '' : 'at most '}${parts.join(' and ')}`;
}

/** One sentence: in how many executions it showed, and how many were all there are. */
export function triedText({ memory, explored }: Tried): string {
  const { sampled, shownSampled } = explored;
  const parts: string[] = [];
  const add = (bound: ExploredBound, which: string): void => {
    const of = `${count(bound.shown)} of ${number(bound.executions)} executions`;
    parts.push(`${of} with ${boundText(bound, memory)} (${which})`);
  };
  const whole = telling(explored);
  if (whole !== null) add(whole, 'all there are');
  const last = explored.bounds.at(-1);
  if (last?.complete === false && last.shown > 0) add(last, 'not all');
  if (sampled > 0) parts.push(`${count(shownSampled)} of ${number(sampled)} random ones`);
  return parts.join(', ');
}

/**
 * The bounds as a table.
 *
 * @param shown heads the column of those executions that were looked for.
 */
export function boundTable({ memory, explored }: Tried, shown: string): readonly string[] {
  const head = ['preemptions', 'reorderings', 'executions', shown, ''];
  const rows = explored.bounds.map(bound => [
    String(bound.preemptions),
    memory === 'sc' ? '-' : String(bound.reorderings),
    number(bound.executions),
    number(bound.shown),
    remark(bound),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map(row => row[i]?.length ?? 0)));
  return [head, ...rows].map(row =>
    row
      .map((cell, i) => (i < 4 ? cell.padStart(widths[i] ?? 0) : cell))
      .join('  ')
      .trimEnd(),
  );
}

function remark({ complete, unjudged }: ExploredBound): string {
  if (!complete) return 'not all';
  return unjudged > 0 ? `all; ${number(unjudged)} without verdict` : 'all';
}

function count(n: number): string {
  return n === 0 ? 'none' : number(n);
}

/** `1234567` as `1,234,567`. */
export function number(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}
