import { scrollTo } from '../scroll.ts';
import { line } from '../text.ts';
import { chosenFinding, type View } from '../ui.ts';
import type { Panel } from './panel.ts';

/** The diagram of the chosen crash, where there is room for it. */
export const preview: Panel = {
  id: 'preview',
  title: 'chosen crash',
  summary: view => previewLines(view)[0] ?? '',
  heights: view => {
    const lines = previewLines(view).length;
    return { least: 9, usual: 12, most: Math.max(12, lines) };
  },
  rows: (view, _, height) => {
    const lines = previewLines(view);
    if (lines.length === 0) return [line('none yet', 'dim')];
    const from = scrollTo(view.ui.scroll.preview ?? 0, lines.length, height);
    return lines
      .slice(from, from + height)
      .map(one => line(one, one.includes('***') || one.startsWith('BUG:') ? 'bad' : 'plain'));
  },
};

/** Lines of the chosen finding's report, once it is there. */
export function previewLines(view: View): readonly string[] {
  const chosen = chosenFinding(view);
  if (chosen === undefined) return [];
  const text = view.texts.of(chosen.folder, 'report');
  return text.state === 'ready' ? text.lines : ['its report comes when it is minimised'];
}
