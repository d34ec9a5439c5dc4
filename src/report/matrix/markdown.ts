import type { Table } from '../../fuzz/matrix/table.ts';
import { conclusion, costGrid, costNote, type Grid, legend, machineText, verdictGrid } from './grid.ts';

/** The tables as Markdown, for a README or a mail; headings of that level. */
export function matrixMarkdown(tables: readonly Table[], level = 3): string {
  return tables.map(table => tableMarkdown(table, level)).join('\n\n');
}

function tableMarkdown(table: Table, level: number): string {
  const lines = [`${'#'.repeat(level)} ${table.target}`, '', `${sentence(table.summary)}`];
  if (table.rows.length > 0) {
    lines.push('', `Run ${machineText(table)}.`, '', gridMarkdown(verdictGrid(table)), '');
    lines.push(...legend(table).map(line => `* ${line}`));
    if (table.rows.some(row => row.cost !== null)) {
      lines.push('', costNote(table), '', gridMarkdown(costGrid(table)));
    }
  }
  const said = conclusion(table);
  if (said.length > 0) lines.push('', ...said.map(line => `* ${line}`));
  return lines.join('\n');
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

function gridMarkdown({ header, rows }: Grid): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** What Markdown would take for markup: bars in cells, and tildes, which strike out. */
function escaped(cell: string): string {
  return cell.replace(/[|~_*]/g, '\\$&');
}
