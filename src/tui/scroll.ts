/** The first line shown of `lines` in a window of `rows`, when `asked` is asked for. */
export function scrollTo(asked: number, lines: number, rows: number): number {
  return Math.max(0, Math.min(asked, lines - rows));
}
