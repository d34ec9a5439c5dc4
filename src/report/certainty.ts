import type { Exploration, ExploredBound } from '../fuzz/explore.ts';

/** What was run to tell how sure a verdict is: the program of a case, on some design under some memory model. */
export interface Tried {
  readonly design: string;
  readonly memory: string;
  readonly explored: Exploration;
}

/** The widest bound within which every execution was run and judged. */
export function exhausted({ bounds }: Exploration): ExploredBound | null {
  return bounds.findLast(bound => bound.complete && bound.unjudged === 0) ?? null;
}

/** `at most 1 preemption and 2 reordered accesses` */
export function boundText({ preemptions, reorderings }: ExploredBound, memory: string): string {
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
  const whole = exhausted(explored);
  const parts: string[] = [];
  if (whole !== null) {
    parts.push(
      `${count(whole.shown)} of ${number(whole.executions)} executions with ${boundText(whole, memory)} (all there are)`,
    );
  }
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
