import { type Row, span } from '../text.ts';
import type { View } from '../ui.ts';
import { filterRows } from './filter.ts';
import { findingRows } from './finding.ts';
import { helpRows } from './help.ts';

/** What lies over the panels, as at most `rows` rows. */
export function overlayRows(view: View, columns: number, rows: number): readonly Row[] {
  const { overlay } = view.ui;
  switch (overlay?.kind) {
    case 'help':
      return helpRows(overlay.scroll, columns, rows);
    case 'filter':
      return filterRows(view, overlay.at, rows);
    case 'finding':
      return findingRows(view, overlay, columns, rows);
    case 'steps':
      return [[span('opening the steps ...', 'dim')]];
    default:
      return [];
  }
}
