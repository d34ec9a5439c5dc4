// The one error of the litmus reader: what could not be read or is not supported, and where.

/** Thrown for text that is no litmus test, or that uses a construct this reader does not support. */
export class LitmusError extends Error {
  /** `syntax`: the text breaks the format; `unsupported`: valid in the kernel or for herd, but not read here. */
  readonly reason: 'syntax' | 'unsupported';
  /** What was met, in the words of the test: `spin_unlock_wait`, `goto`, `token ';'`. */
  readonly construct: string;
  /** Position in the file, both counted from 1; 0 when the fault has no place (an empty file). */
  readonly line: number;
  readonly column: number;

  constructor(
    reason: 'syntax' | 'unsupported',
    construct: string,
    at: { readonly line: number; readonly column: number },
    detail?: string,
  ) {
    const what = reason === 'syntax' ? 'syntax error at' : 'unsupported:';
    super(`${at.line}:${at.column}: ${what} ${construct}${detail === undefined ? '' : ` (${detail})`}`);
    this.name = 'LitmusError';
    this.reason = reason;
    this.construct = construct;
    this.line = at.line;
    this.column = at.column;
  }
}
