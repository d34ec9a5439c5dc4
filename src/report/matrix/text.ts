import type { Table } from '../../fuzz/matrix/table.ts';
import { conclusion, costGrid, costNote, type Grid, legend, machineText, verdictGrid } from './grid.ts';

/** The tables for a terminal of that many columns; a wide table is cut into parts. */
export function matrixText(tables: readonly Table[], width: number): string {
  return tables.map(table => tableText(table, width)).join('\n\n');
}

function tableText(table: Table, width: number): string {
  const lines = [`${table.target}: ${table.summary}`];
  if (table.rows.length > 0) {
    lines.push(machineText(table), '', gridText(verdictGrid(table), width), '');
    for (const line of legend(table)) {
      const [first = '', ...more] = wrap(line.replaceAll('`', ''), width - 4);
      lines.push(`  ${first}`, ...more.map(text => `    ${text}`));
    }
    if (table.rows.some(row => row.cost !== null)) {
      lines.push('', ...wrap(costNote(table), width), '', gridText(costGrid(table), width));
    }
    lines.push('');
  }
  lines.push(...conclusion(table).flatMap(line => wrap(line, width)));
  return lines.join('\n');
}

/** Columns beside each other as far as they fit, then the rest below, each part with the names of the rows. */
function gridText(grid: Grid, width: number): string {
  const columns = grid.header.map((head, c) =>
    column(
      head,
      grid.rows.map(row => row[c] ?? ''),
    ),
  );
  const [names, ...others] = columns;
  if (names === undefined) return '';
  const parts: Column[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const one of others) {
    if (used + one.width + 2 > width) {
      parts.push([names]);
      used = names.width;
    }
    parts.at(-1)?.push(one);
    used += one.width + 2;
  }
  return parts.map(partText).join('\n\n');
}

interface Column {
  readonly head: readonly string[];
  readonly cells: readonly string[];
  readonly width: number;
}

/** Long headings are broken at hyphens and blanks. */
function column(head: string, cells: readonly string[]): Column {
  const widest = Math.max(...cells.map(cell => cell.length));
  const lines: string[] = [];
  for (const word of head.split(/(?<=[- ])/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.trimEnd().length <= Math.max(widest, 10))
      lines[lines.length - 1] = last + word;
    else lines.push(word);
  }
  const trimmed = lines.map(line => line.trimEnd());
  return { head: trimmed, cells, width: Math.max(widest, ...trimmed.map(line => line.length)) };
}

function partText(columns: readonly Column[]): string {
  const height = Math.max(...columns.map(one => one.head.length));
  const line = (cellOf: (one: Column) => string): string =>
    columns
      .map(one => cellOf(one).padEnd(one.width))
      .join('  ')
      .trimEnd();
  return [
    ...Array.from({ length: height }, (_, i) => line(one => one.head[i - (height - one.head.length)] ?? '')),
    line(one => '-'.repeat(one.width)),
    ...(columns[0]?.cells ?? []).map((_, r) => line(one => one.cells[r] ?? '')),
  ].join('\n');
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
