import { number } from '../certainty.ts';
import { element, type Markup } from '../markup.ts';

/** A curve: points in the order of x. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const WIDTH = 400;
const HEIGHT = 200;
const LEFT = 52;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 30;
/** Looks that the style sheet has for curves: colours with dashes, so that colour is not all that tells them apart. */
const LOOKS = 4;

/**
 * Curves over time, in seconds, as steps: a value holds until the next point.
 *
 * @param id of the element; others are made from it.
 */
export function chart(id: string, title: string, series: readonly Series[]): Markup {
  const points = series.flatMap(one => one.points);
  const xMax = Math.max(1, ...points.map(([x]) => x));
  const yMax = niceMax(Math.max(1, ...points.map(([, y]) => y)));
  const x = (value: number): number => LEFT + (value / xMax) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / yMax) * (HEIGHT - TOP - BOTTOM);
  const base = HEIGHT - BOTTOM;
  return element(
    'svg',
    {
      id,
      class: 'chart',
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: 'img',
      'aria-labelledby': `${id}-title ${id}-desc`,
    },
    element('title', { id: `${id}-title` }, title),
    element('desc', { id: `${id}-desc` }, described(series)),
    [0, 0.5, 1].map(part => [
      element('line', { class: 'axis', x1: LEFT, y1: y(part * yMax), x2: WIDTH - RIGHT, y2: y(part * yMax) }),
      element(
        'text',
        { class: 'tick', x: LEFT - 6, y: y(part * yMax) + 4, 'text-anchor': 'end' },
        short(part * yMax),
      ),
    ]),
    [0, 0.5, 1].map((part, i) =>
      element(
        'text',
        {
          class: 'tick',
          x: x(part * xMax),
          y: base + 18,
          'text-anchor': ['start', 'middle', 'end'][i] ?? 'middle',
        },
        duration(part * xMax),
      ),
    ),
    series.map((one, i) =>
      element(
        'path',
        { class: `curve s${i % LOOKS}`, d: steps(one.points, x, y) },
        element('title', {}, one.name),
      ),
    ),
  );
}

/** A sample of a curve's look, for a legend. */
export function lookOf(i: number): Markup {
  const line = element('path', { class: `curve s${i % LOOKS}`, d: 'M2 8H38' });
  return element('svg', { width: 40, height: 16, viewBox: '0 0 40 16', 'aria-hidden': 'true' }, line);
}

function described(series: readonly Series[]): string {
  return series
    .map(({ name, points }) => {
      const [first, last] = [points[0], points.at(-1)];
      if (first === undefined || last === undefined) return `${name}: nothing recorded.`;
      return `${name}: from ${number(first[1])} to ${number(last[1])} after ${duration(last[0])}.`;
    })
    .join(' ');
}

function steps(
  points: readonly (readonly [number, number])[],
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  const at = (value: number): string => value.toFixed(1);
  return points
    .map(([px, py], i) => (i === 0 ? `M${at(x(px))} ${at(y(py))}` : `H${at(x(px))}V${at(y(py))}`))
    .join('');
}

/** The least of 1, 2, 5, 10, 20, ... that is not below a value. */
function niceMax(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map(factor => factor * power).find(one => one >= value) ?? value;
}

function short(value: number): string {
  for (const [scale, unit] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= scale) return `${Number((value / scale).toPrecision(3))}${unit}`;
  }
  return String(Number(value.toPrecision(3)));
}

/** `40 s`, `5 min`, `2.5 h` */
export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 6) / 10} min`;
  return `${Math.round(seconds / 360) / 10} h`;
}
