import type { Row } from '../text.ts';
import type { PanelId, View } from '../ui.ts';

/** Lines that a panel needs to be worth showing, usually has, and can use. */
export interface Heights {
  readonly least: number;
  readonly usual: number;
  readonly most: number;
}

/** A part of the campaign screen. Its title line is drawn by the screen. */
export interface Panel {
  readonly id: PanelId;
  readonly title: string;
  /** Its most telling figure, for the title line while the panel is folded. */
  summary(view: View): string;
  heights(view: View, width: number): Heights;
  /** At most `height` rows; they are cut to `width`. */
  rows(view: View, width: number, height: number): readonly Row[];
}

/** Heights of a panel that always has the same number of lines. */
export function always(lines: number): Heights {
  return { least: lines, usual: lines, most: lines };
}
