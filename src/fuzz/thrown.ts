/** Characters of a message that are kept: it becomes part of case files, reports and mails. */
const LONGEST = 400;

/** A text as one line of characters that a terminal shows. */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

/** What was thrown, whatever it is, as one line. */
export function thrownText(error: unknown): string {
  const text = textOf(error);
  const line = oneLine(text.slice(0, 2 * LONGEST));
  if (line.length <= LONGEST && text.length <= 2 * LONGEST) return line;
  return `${line.slice(0, LONGEST)}... (${text.length} characters)`;
}

function textOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return `threw ${String(error)}`;
    return error.message === '' ? error.name : String(error.message);
  } catch {
    return 'threw something that cannot be shown';
  }
}
