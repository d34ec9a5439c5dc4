/** What a stretch of text means; how that looks is the theme's matter. Meaning never lies in a style alone. */
export type Style = 'plain' | 'dim' | 'strong' | 'title' | 'good' | 'warn' | 'bad' | 'chosen';

export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** A line of the screen. Every character takes one cell. */
export type Row = readonly Span[];

/** Text of one style; what would not take one cell is replaced. */
export function span(text: string, style: Style = 'plain'): Span {
  return { text: singleCells(text), style };
}

/** A line of one style. */
export function line(text: string, style: Style = 'plain'): Row {
  return [span(text, style)];
}

/** Cells of a row. */
export function widthOf(row: Row): number {
  return row.reduce((sum, { text }) => sum + text.length, 0);
}

/** A row of exactly `width` cells: cut, which `…` shows, or filled up. */
export function fitRow(row: Row, width: number): Row {
  const has = widthOf(row);
  if (has <= width) return has === width ? row : [...row, { text: ' '.repeat(width - has), style: 'plain' }];
  if (width <= 0) return [];
  const out: Span[] = [];
  let room = width - 1;
  let style: Style = 'plain';
  for (const one of row) {
    style = one.style;
    if (one.text.length >= room) {
      out.push({ text: `${one.text.slice(0, room)}…`, style });
      return out;
    }
    out.push(one);
    room -= one.text.length;
  }
  return out;
}

/** A text of exactly `width` cells, cut or filled up on the right. */
export function cell(text: string, width: number, style: Style = 'plain'): Span {
  const clean = singleCells(text);
  const cut =
    clean.length > width ? (width > 1 ? `${clean.slice(0, width - 1)}…` : clean.slice(0, width)) : clean;
  return { text: cut.padEnd(width), style };
}

/** A text of exactly `width` cells, filled up on the left; a figure that is too long loses no digit in silence. */
export function figure(text: string, width: number, style: Style = 'plain'): Span {
  return text.length <= width ? { text: text.padStart(width), style } : cell(text, width, style);
}

/** The whole of a row in one style, as a chosen line is shown. */
export function restyle(row: Row, style: Style): Row {
  return row.map(({ text }) => ({ text, style }));
}

/** A text broken at spaces into lines of at most `width` cells; what follows the first line is indented by `indent`. */
export function wrapText(text: string, width: number, indent = 0): readonly string[] {
  const lines: string[] = [];
  const lead = ' '.repeat(Math.min(indent, Math.max(0, width - 1)));
  let rest = singleCells(text);
  while (rest.length > width && width > 0) {
    const space = rest.lastIndexOf(' ', width);
    // A break within the indent would not get on.
    const at = space > (/^ */.exec(rest)?.[0].length ?? 0) ? space : width;
    lines.push(rest.slice(0, at));
    rest = lead + rest.slice(at).trimStart();
    if (rest.trim() === '') return lines;
  }
  lines.push(rest);
  return lines;
}

/** The text of a row without its styles. */
export function textOf(row: Row): string {
  return row.map(({ text }) => text).join('');
}

/**
 * Names and messages come from models, files and paths: control characters would move the cursor, and wide or combining
 * ones take another number of cells than one.
 */
function singleCells(text: string): string {
  return SAFE.test(text)
    ? text
    : Array.from(text.replaceAll('\t', '  '), one => (SAFE.test(one) ? one : '?')).join('');
}

/** Latin letters, and the signs that the screens draw with. */
const SAFE =
  /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2013\u2014\u2018-\u201d\u2022\u2026\u2190-\u2193\u2500-\u259f\u25b6\u25b8\u2713\u2717]*$/;
