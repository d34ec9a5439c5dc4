import { html, type Markup } from '../markup.ts';

/** Something that may be wider than a phone: it scrolls by itself, also by keyboard. */
export function wide(label: string, content: Markup): Markup {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${content}</div>`;
}

/** A titled block of text with a copy button. `id` must be unique on the page. */
export function copyable(title: string, id: string, text: string): Markup {
  return html`<div class="tools" data-copies="${id}"><h4>${title}</h4></div>
${wide(title, html`<pre id="${id}">${text}</pre>`)}`;
}

/** Names and values; rows without a value are left out. */
export function facts(rows: readonly (readonly [name: string, value: Markup | string | null])[]): Markup {
  const shown = rows.filter(([, value]) => value !== null && value !== '');
  return html`<dl class="facts">${shown.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

export interface Column {
  readonly title: string;
  readonly number?: boolean;
}

type Cell = Markup | string | number;

/** A table of plain cells; the first of a row heads it. Cells that are whole `td` elements are put in as they are. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): Markup {
  const align = (i: number): Markup | null => (columns[i]?.number === true ? html` class="number"` : null);
  const cell = (value: Cell, i: number): Markup => {
    if (typeof value === 'object' && value.text.startsWith('<td')) return value;
    return i === 0 ? html`<th scope="row">${value}</th>` : html`<td${align(i)}>${value}</td>`;
  };
  const head = columns.map(({ title }, i) => html`<th scope="col"${align(i)}>${title}</th>`);
  return wide(
    caption,
    html`<table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>
${rows.map(row => html`<tr>${row.map(cell)}</tr>\n`)}</tbody></table>`,
  );
}
