/** Columns of what is pasted into mails. */
export const MAIL_WIDTH = 76;

/**
 * Breaks a text that is too long at spaces. Blanks at its head are kept; what follows is indented further than the first
 * line, by `hang`.
 */
export function wrap(text: string, indent: number, hang = 4, width = MAIL_WIDTH): readonly string[] {
  const lead = (/^ */.exec(text)?.[0] ?? '').length;
  const lines: string[] = [];
  let line = ' '.repeat(indent + lead);
  let empty = true;
  const add = (word: string): void => {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = ' '.repeat(indent + lead + hang);
      empty = true;
    }
    const [first = '', ...more] = empty ? parts(word, width - line.length) : [word];
    line += empty ? first : ` ${first}`;
    empty = false;
    for (const part of more) add(part);
  };
  for (const word of text.trim().split(' ')) add(word);
  lines.push(line);
  return lines;
}

/** A word that no line can hold is broken after bars, commas and brackets, and before pluses: `PG_locked|PG_dirty`. */
export function parts(word: string, width: number): readonly string[] {
  if (word.length <= width) return [word];
  const after = ['|', ',', '('].map(mark => word.lastIndexOf(mark, width - 1) + 1);
  const at = Math.max(...after, word.lastIndexOf('+', width));
  return at <= 0 ? [word] : [word.slice(0, at), ...parts(word.slice(at), width)];
}
