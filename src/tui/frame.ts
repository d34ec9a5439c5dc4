import { duration } from './format.ts';
import { arrange, type Placed, widthsOf } from './layout.ts';
import { overlayRows } from './overlays/index.ts';
import { panels } from './panels/index.ts';
import { endText } from './panels/results.ts';
import type { Size } from './size.ts';
import { fitRow, type Row, type Span, type Style, span, widthOf } from './text.ts';
import type { PanelId, View } from './ui.ts';

/** Lines from which there is a line of keys. */
const FOOTER_ROWS = 4;

/**
 * The campaign screen as exactly `size.rows` rows of `size.columns` cells: a pure function of what is known, what the
 * user has chosen to see, and the size.
 */
export function frame(view: View, size: Size): readonly Row[] {
  const { columns, rows } = size;
  const footer = rows >= FOOTER_ROWS;
  const room = Math.max(0, rows - 1 - Number(footer));
  const body = view.ui.overlay === null ? panelRows(view, columns, room) : overlayRows(view, columns, room);
  const all = [titleRow(view, columns), ...body.slice(0, room)];
  while (all.length < rows - Number(footer)) all.push([]);
  if (footer) all.push(footerRow(view, columns));
  return all.slice(0, rows).map(row => fitRow(row, columns));
}

/** Lines that an overlay, or the panels, have at a size. */
export function bodyRows({ rows }: Size): number {
  return Math.max(0, rows - 1 - Number(rows >= FOOTER_ROWS));
}

function panelRows(view: View, columns: number, rows: number): readonly Row[] {
  return arrange(view, columns, rows).flatMap(placed => bandRows(view, placed, columns));
}

function bandRows(view: View, { ids, height }: Placed, columns: number): readonly Row[] {
  const widths = widthsOf(ids, columns);
  const columnsOf = ids.map((id, i) => {
    const width = widths[i] ?? 0;
    return [
      ruleRow(view, id, width, height === 1),
      ...(height === 1 ? [] : panels[id].rows(view, width, height - 1)),
    ];
  });
  return Array.from({ length: height }, (_, y) =>
    columnsOf.flatMap((rows, i) => [
      ...(i === 0 ? [] : [span(' ')]),
      ...fitRow(rows[y] ?? [], widths[i] ?? 0),
    ]),
  );
}

/** `── crashes by signature ────`; the panel that keys go to is marked, a folded one tells a figure. */
function ruleRow(view: View, id: PanelId, width: number, folded: boolean): Row {
  const { title, summary } = panels[id];
  const here = view.ui.panel === id;
  const style: Style = here ? 'title' : 'dim';
  const text = folded ? summary(view) : '';
  const row: Span[] = [span(here ? '━▶ ' : '── ', style), span(title, here ? 'title' : 'strong')];
  if (text !== '') row.push(span(`: ${text}`));
  row.push(span(' '));
  const left = width - widthOf(row);
  return left > 0 ? [...row, span((here ? '━' : '─').repeat(left), style)] : row;
}

function titleRow(view: View, columns: number): Row {
  const { snapshot, ui } = view;
  const [state, style] = stateOf(view);
  const time = ` ${duration(snapshot.status.counters.runSeconds)} `;
  const filter = ui.filter === null ? '' : `  only ${ui.filter}`;
  const name: Row = [span(' pagestorm ', 'chosen'), span(` ${whatText(view)}${filter}`, 'strong')];
  const right: Row = [span(` ${state}`, style), ...(columns >= 60 ? [span(time, 'dim')] : [])];
  return [...fitRow(name, Math.max(0, columns - widthOf(right))), ...right];
}

/** `mte-sync/v5.19 (sc)`, or the design in work and how many there are. */
function whatText({ snapshot }: View): string {
  const { designs, status } = snapshot;
  const [first] = designs;
  if (first === undefined) return snapshot.dir;
  if (designs.length === 1) return `${first.design} (${first.memory})`;
  return `${status.liveDesigns} of ${designs.length} designs, now ${status.design}`;
}

function stateOf({ snapshot, alive, ui }: View): readonly [string, Style] {
  const { state, reason } = snapshot;
  if (state === 'ended') return [endText(reason), 'strong'];
  if (!alive) return ['not running', 'warn'];
  if (ui.leaving === 'ending') return ['ending', 'warn'];
  switch (state) {
    case 'starting':
      return ['starting', 'plain'];
    case 'self-check':
      return ['self-check', 'plain'];
    case 'searching':
      return ['searching', 'good'];
    case 'paused':
      return ['PAUSED', 'warn'];
    case 'disk-full':
      return ['DISK FULL', 'bad'];
    case 'minimizing':
      return ['minimising', 'good'];
  }
}

function footerRow(view: View, columns: number): Row {
  const { ui, snapshot, readOnly } = view;
  if (ui.leaving === 'asked')
    return [span(' End the campaign? q or y ends it, any other key goes on', 'warn')];
  if (ui.leaving === 'ending') return [span(' ending: writing what was found; q leaves at once', 'warn')];
  if (ui.message !== '') return [span(` ${ui.message}`, 'strong')];
  const keys = keysFor(ui.overlay?.kind ?? null, readOnly, snapshot.state === 'paused');
  const row: Span[] = [];
  for (const [key, what] of keys) {
    const more = [span(` ${key}`, 'title'), span(` ${what} `, 'dim')];
    if (widthOf(row) + widthOf(more) > columns) break;
    row.push(...more);
  }
  return row;
}

function keysFor(
  overlay: string | null,
  readOnly: boolean,
  paused: boolean,
): readonly (readonly [string, string])[] {
  switch (overlay) {
    case 'help':
      return [
        ['esc', 'back'],
        ['↑↓', 'scroll'],
      ];
    case 'filter':
      return [
        ['↑↓', 'choose'],
        ['enter', 'show only that'],
        ['esc', 'back'],
      ];
    case 'finding':
      return [
        ['esc', 'back'],
        ['←→', 'tab'],
        ['↑↓', 'scroll'],
        ['s', 'step'],
        ...(readOnly ? [] : [['m', 'minimise now'] as const]),
        ['n/N', 'older/newer'],
      ];
    default:
      return [
        ['q', 'quit'],
        ['?', 'help'],
        ['↑↓', 'crash'],
        ['enter', 'open'],
        ...(readOnly ? [] : [['space', paused ? 'resume' : 'pause'] as const]),
        ['tab', 'panel'],
        ['t', 'filter'],
        ...(readOnly ? [] : [['m', 'minimise'] as const]),
        ['s', 'step'],
      ];
  }
}
