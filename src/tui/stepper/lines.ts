/** What a piece of a frame means; how that looks is up to the terminal. */
export type Style =
  | 'plain'
  | 'title'
  | 'faint'
  | 'strong'
  | 'changed'
  | 'weak'
  | 'bad'
  | 'good'
  | 'here'
  | `cpu${number}`;

export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** A line of a frame. */
export type Line = readonly Span[];

/** A line that is left out before those of lower rank if there is no room; rank 0 stays. */
export interface Ranked {
  readonly line: Line;
  readonly rank: number;
}

const CUT = '…';

export function line(text: string, style: Style = 'plain'): Line {
  return [{ text, style }];
}

export function widthOf(spans: Line): number {
  return spans.reduce((sum, span) => sum + span.text.length, 0);
}

/** The line, cut at its end if it is wider than `columns`. */
export function cut(spans: Line, columns: number): Line {
  if (widthOf(spans) <= columns) return spans;
  const kept: Span[] = [];
  let left = columns - 1;
  for (const span of spans) {
    const text = span.text.slice(0, Math.max(0, left));
    left -= text.length;
    if (text !== '') kept.push({ text, style: span.style });
  }
  return columns < 1 ? [] : [...kept, { text: CUT, style: 'faint' }];
}

/** The line, exactly `columns` wide. */
export function fill(spans: Line, columns: number): Line {
  const short = cut(spans, columns);
  const missing = columns - widthOf(short);
  return missing > 0 ? [...short, { text: ' '.repeat(missing), style: 'plain' }] : short;
}

/** One line with a part at each side; the left one gives way. */
export function sides(left: Line, right: Line, columns: number): Line {
  const room = columns - widthOf(right) - 2;
  if (room < 1) return cut(right, columns);
  return [...fill(left, room), { text: '  ', style: 'plain' }, ...right];
}

/** Breaks a text at blanks into lines of at most `columns`; words that are longer are broken anywhere. */
export function fold(text: string, columns: number): readonly string[] {
  const width = Math.max(1, columns);
  const lines: string[] = [];
  let now = '';
  for (const word of text.split(' ')) {
    const joined = now === '' ? word : `${now} ${word}`;
    if (joined.length <= width) {
      now = joined;
      continue;
    }
    if (now !== '') lines.push(now);
    now = word;
    while (now.length > width) {
      lines.push(now.slice(0, width));
      now = now.slice(width);
    }
  }
  lines.push(now);
  return lines;
}

/** As many lines as there is room for: the highest ranks go first, of one rank the last. */
export function mostImportant(lines: readonly Ranked[], room: number): readonly Line[] {
  const kept = [...lines];
  while (kept.length > Math.max(0, room)) {
    const highest = Math.max(...kept.map(one => one.rank));
    kept.splice(
      kept.findLastIndex(one => one.rank === highest),
      1,
    );
  }
  return kept.map(one => one.line);
}

/** `── memory ─────────` */
export function rule(title: string, columns: number): Line {
  const head = title === '' ? '' : `── ${title} `;
  return cut(line(head.padEnd(columns, '─'), 'faint'), columns);
}
