import type { Line, Style } from './lines.ts';

/** Columns of what a line is about. */
export const LABEL = 11;

/** A line with what it is about in front: `     next  READ_ONCE(page->flags)`. */
export function labelled(label: string, text: string, style: Style = 'plain'): Line {
  return [
    { text: label.padStart(LABEL - 2).padEnd(LABEL), style: 'faint' },
    { text, style },
  ];
}
