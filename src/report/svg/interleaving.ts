import { Kind } from '../../engine/access.ts';
import type { Trace } from '../../fuzz/trace.ts';
import { explain } from '../explain.ts';
import { delaySpans, lockSpans } from '../flow/spans.ts';
import { element, type Markup } from '../markup.ts';
import { type Arrow, arrowsOf } from './arrows.ts';
import { type Row, rowsOf } from './rows.ts';

/** Sizes in pixels; a character is a little wider than those of common fixed-width fonts at 12 px. */
const CHAR = 7.4;
const LINE = 16;
const ROW_GAP = 6;
const TOP = 44;
const MARGIN = 12;
const LABEL = 12;
const SLOT = 9;
const BAR = 5;
const FEWEST_CHARS = 18;

/** A span beside the line of its CPU. */
interface Bar {
  readonly kind: 'lock' | 'shared' | 'delay';
  readonly cpu: number;
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** What takes room in a slot, from one height to another. */
interface Slotted<T> {
  readonly of: T;
  readonly slot: number;
}

interface Lane {
  /** Where the vertical parts of arrows to and from the lanes to the left begin, the bars, and the line of the CPU. */
  readonly channel: number;
  readonly gutter: number;
  readonly x: number;
}

/**
 * The interleaving as a drawing: a lane for each CPU, time downwards, a row for each access that matters, arrows from
 * stores to the loads of other CPUs that read them, locks and delayed stores as bars. Each row has one event, so the
 * level parts of arrows cross no text. Colours come from the style sheet of the page; what they say is also said by shape
 * or words.
 *
 * @param id of the element; others are made from it.
 */
export function interleaving(trace: Trace, id: string): Markup {
  const rows = rowsOf(trace);
  const tops = topsOf(rows);
  const bottom = (tops.at(-1) ?? TOP) + 8;
  const yOf = (row: number): number => (tops[row] ?? TOP) + LINE / 2;
  const bars = slotted(
    barsOf(trace, rows, yOf, bottom),
    bar => [bar.from, bar.to],
    bar => bar.cpu,
  );
  const arrows = slotted(
    arrowsOf(trace, rows),
    arrow => [Math.min(yOf(arrow.from), yOf(arrow.to)), Math.max(yOf(arrow.from), yOf(arrow.to))],
    arrow => Math.max(rows[arrow.from]?.cpu ?? 0, rows[arrow.to]?.cpu ?? 0),
  );
  const { lanes, width } = lanesOf(trace.cpus, rows, bars, arrows);
  const laneOf = (cpu: number): Lane => lanes[Math.max(0, cpu)] ?? { channel: 0, gutter: 0, x: 0 };
  return element(
    'svg',
    {
      id,
      class: 'interleaving',
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height: bottom,
      viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(bottom)}`,
      role: 'img',
      'aria-labelledby': `${id}-title ${id}-desc`,
    },
    element('title', { id: `${id}-title` }, titleOf(trace)),
    element('desc', { id: `${id}-desc` }, explain(trace).join(' ')),
    lanes.map((lane, cpu) => drawLane(lane, cpu, bottom)),
    bars.map(({ of, slot }) => drawBar(of, laneOf(of.cpu), slot)),
    arrows.map(({ of, slot }) => drawArrow(of, slot, rows, yOf, laneOf)),
    rows.map((row, i) => drawRow(row, tops[i] ?? TOP, laneOf(row.cpu))),
  );
}

function titleOf({ cpus, memory, violation }: Trace): string {
  return `${violation === null ? 'Execution' : violation.oracle} on ${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'} under ${memory}`;
}

/** Where each row begins, and last where the rows end. */
function topsOf(rows: readonly Row[]): readonly number[] {
  const tops = [TOP];
  for (const { lines, kind } of rows)
    tops.push((tops.at(-1) ?? TOP) + lines.length * LINE + (kind === 'violation' ? 3 * ROW_GAP : ROW_GAP));
  return tops;
}

/** Locks and RCU sections that the rows show a part of, and delayed stores. */
function barsOf(
  trace: Trace,
  rows: readonly Row[],
  yOf: (row: number) => number,
  bottom: number,
): readonly Bar[] {
  const shown = new Set(rows.flatMap(({ event }) => (event === null ? [] : [event])));
  /** The height of an event of the trace: that of its row, or of the next row after it. */
  const height = (at: number): number => {
    const row = rows.findIndex(one => one.at >= at && one.kind !== 'heading');
    return row < 0 || at >= trace.events.length ? bottom - 2 * ROW_GAP : yOf(row);
  };
  const seen = (at: number): boolean => {
    const event = trace.events[at];
    return event?.type === 'access' && shown.has(event);
  };
  const locks = lockSpans(trace)
    .filter(({ from, to, event }) => !event.setup && (seen(from) || seen(to)))
    .map(({ cpu, from, to, name, shared }): Bar => {
      const kind = shared ? 'shared' : 'lock';
      return { kind, cpu, from: height(from), to: height(to), text: `CPU${cpu} holds ${name}` };
    });
  const delays = delaySpans(trace)
    .filter(({ event }) => shown.has(event))
    .map(({ cpu, from, to, event }): Bar => {
      const text = `CPU${cpu}'s store of ${event.shown.a} to ${event.location} is delayed`;
      return { kind: 'delay', cpu, from: height(from), to: height(to), text };
    });
  return [...locks, ...delays];
}

/** Gives each thing the first slot of its group in which nothing else lies at the same height. */
function slotted<T>(
  all: readonly T[],
  range: (one: T) => readonly [from: number, to: number],
  group: (one: T) => number,
): readonly Slotted<T>[] {
  const taken = new Map<number, (readonly [number, number])[][]>();
  return all.map(of => {
    const [from, to] = range(of);
    const slots = taken.get(group(of)) ?? [];
    taken.set(group(of), slots);
    let slot = slots.findIndex(used => used.every(([a, b]) => to < a - 2 || from > b + 2));
    if (slot < 0) slot = slots.push([]) - 1;
    slots[slot]?.push([from, to]);
    return { of, slot };
  });
}

function lanesOf(
  cpus: number,
  rows: readonly Row[],
  bars: readonly Slotted<Bar>[],
  arrows: readonly Slotted<Arrow>[],
): { readonly lanes: readonly Lane[]; readonly width: number } {
  const cpuOf = (row: number): number => rows[row]?.cpu ?? 0;
  const slots = (used: readonly number[]): number => (used.length === 0 ? 0 : (1 + Math.max(...used)) * SLOT);
  let at = MARGIN;
  const lanes = Array.from({ length: cpus }, (_, cpu): Lane => {
    const channel = at;
    const crossing = arrows.filter(({ of }) => Math.max(cpuOf(of.from), cpuOf(of.to)) === cpu);
    const gutter = channel + slots(crossing.map(({ slot }) => slot)) + (crossing.length > 0 ? SLOT : 0);
    const x = gutter + slots(bars.filter(({ of }) => of.cpu === cpu).map(({ slot }) => slot)) + SLOT;
    const own = rows.filter(row => Math.max(0, row.cpu) === cpu).flatMap(row => row.lines);
    const chars = Math.max(FEWEST_CHARS, ...own.map(line => line.length));
    at = x + LABEL + chars * CHAR + 2 * MARGIN;
    return { channel, gutter, x };
  });
  return { lanes, width: at };
}

function drawLane({ x }: Lane, cpu: number, bottom: number): Markup {
  return element(
    'g',
    {},
    element('text', { class: 'cpu', x, y: 20 }, `CPU${cpu}`),
    element('line', { class: 'lane', x1: x, y1: 28, x2: x, y2: bottom - ROW_GAP }),
  );
}

function drawBar({ kind, from, to, text }: Bar, { gutter }: Lane, slot: number): Markup {
  const box = { x: gutter + slot * SLOT, y: from, width: BAR, height: Math.max(4, to - from), rx: 2 };
  return element('rect', { class: `bar ${kind}`, ...box }, element('title', {}, text));
}

function drawArrow(
  { kind, from, to }: Arrow,
  slot: number,
  rows: readonly Row[],
  yOf: (row: number) => number,
  laneOf: (cpu: number) => Lane,
): Markup {
  const [store, read] = [rows[from], rows[to]];
  if (store === undefined || read === undefined) return element('g', {});
  const [y1, y2] = [yOf(from), yOf(to)];
  const right = store.cpu < read.cpu;
  const endOf = (row: Row): number => laneOf(row.cpu).x + LABEL + (row.lines[0]?.length ?? 0) * CHAR + 4;
  const x1 = right ? endOf(store) : laneOf(store.cpu).x - 7;
  const x2 = right ? laneOf(read.cpu).x - 7 : endOf(read) + 2;
  const turn = laneOf(right ? read.cpu : store.cpu).channel + slot * SLOT + SLOT / 2;
  const head = right
    ? `M${x2 - 6} ${y2 - 4}L${x2} ${y2}L${x2 - 6} ${y2 + 4}`
    : `M${x2 + 6} ${y2 - 4}L${x2} ${y2}L${x2 + 6} ${y2 + 4}`;
  const words = {
    reads: 'reads',
    stale: 'reads the older value of',
    missed: 'does not see',
    replaces: 'replaces',
  }[kind];
  const middle = (y1 + y2) / 2;
  const cross = `M${turn - 4} ${middle - 4}l8 8M${turn + 4} ${middle - 4}l-8 8`;
  return element(
    'g',
    { class: `arrow ${kind}` },
    element(
      'title',
      {},
      `CPU${read.cpu}: ${read.lines.join(' ')} ${words} CPU${store.cpu}: ${store.lines.join(' ')}`,
    ),
    element('path', { class: 'way', d: `M${x1} ${y1}H${turn}V${y2}H${x2}` }),
    element('path', { class: 'head', d: kind === 'missed' ? `${head}${cross}` : head }),
  );
}

function drawRow(row: Row, top: number, lane: Lane): Markup {
  const { x } = lane;
  const y = top + LINE / 2;
  const left = row.kind === 'heading' ? x + 6 : x + LABEL;
  const text = row.lines.map((line, i) =>
    element(
      'text',
      {
        class: `code ${row.kind}`,
        x: left + CHAR * (line.length - line.trimStart().length),
        y: y + 4 + i * LINE,
      },
      line.trimStart(),
    ),
  );
  if (row.kind !== 'violation') return element('g', {}, markOf(row, x, y), text);
  const width = Math.max(...row.lines.map(line => line.length)) * CHAR + 2 * LABEL;
  const box = { x: x + 2, y: top - 3, width, height: row.lines.length * LINE + 8, rx: 3 };
  return element('g', { class: 'verdict' }, element('rect', box), text);
}

const stores: ReadonlySet<number> = new Set([Kind.Store, Kind.PlainStore]);
const loads: ReadonlySet<number> = new Set([Kind.Load, Kind.PlainLoad, Kind.Wait, Kind.Walk, Kind.IsLocked]);

/** Loads are rings, stores discs, read-modify-writes diamonds, the rest (locks, barriers, allocation) short dashes. */
function markOf({ event, kind }: Row, x: number, y: number): Markup | null {
  if (kind === 'visible')
    return element('path', { class: 'mark', d: `M${x - 4} ${y - 4}L${x} ${y + 4}L${x + 4} ${y - 4}Z` });
  if (event === null) return null;
  const done = event.executed ? 'mark' : 'mark pending';
  if (stores.has(event.kind)) return element('circle', { class: `${done} full`, cx: x, cy: y, r: 4 });
  if (loads.has(event.kind)) return element('circle', { class: `${done} ring`, cx: x, cy: y, r: 4 });
  if (event.kind === Kind.Rmw)
    return element('path', {
      class: `${done} full`,
      d: `M${x} ${y - 5}L${x + 5} ${y}L${x} ${y + 5}L${x - 5} ${y}Z`,
    });
  return element('path', { class: done, d: `M${x - 5} ${y}H${x + 5}` });
}
