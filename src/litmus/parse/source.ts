// Prepares the text of a litmus file for the lexer: everything that is not code (comments, the free text and
// strings between the name and the initial state) becomes blanks, so that positions stay those of the file.
//
// Comments differ by region, as in herd: `(* *)`, `/* */` and `//` outside processes; only C comments inside,
// where `(*x)` is an expression.

import { LitmusError } from '../error.ts';
import type { Position } from '../program.ts';

export interface LitmusSource {
  /** From the first line: `C name`. */
  readonly name: string;
  /** The text with the same lines and columns, blanked outside of code. */
  readonly code: string;
}

/** Line and column, from 1, of an offset. */
export function positionOf(text: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (let i = text.indexOf('\n'); i >= 0 && i < offset; i = text.indexOf('\n', i + 1)) {
    line++;
    start = i + 1;
  }
  return { line, column: offset - start + 1 };
}

/** Splits off the header and blanks comments. Throws LitmusError when the file has no header or a comment no end. */
export function prepareSource(text: string): LitmusSource {
  const header = /^\s*C[ \t]+(\S[^\r\n]*?)[ \t]*(?:\r?\n|$)/.exec(text);
  if (header === null) {
    const found = /\S+/.exec(text)?.[0] ?? 'end of file';
    throw new LitmusError('syntax', found, { line: 1, column: 1 }, 'a litmus test starts with "C name"');
  }
  const out = text.split('');
  const blank = (from: number, to: number) => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  blank(0, header[0].length);
  let inHeader = true;
  let i = header[0].length;

  const closing = (end: string, start: number): number => {
    const found = text.indexOf(end, start + 2);
    if (found < 0)
      throw new LitmusError(
        'syntax',
        text.slice(start, start + 2),
        positionOf(text, start),
        'comment without end',
      );
    return found + end.length;
  };
  const skipComment = (ocaml: boolean): boolean => {
    const two = text.slice(i, i + 2);
    let end = -1;
    if (two === '/*') end = closing('*/', i);
    else if (two === '//') end = text.indexOf('\n', i);
    else if (two === '(*' && ocaml) end = endOfOcamlComment(i);
    else return false;
    if (end < 0) end = text.length;
    blank(i, end);
    i = end;
    return true;
  };
  const endOfOcamlComment = (start: number): number => {
    let depth = 0;
    for (let j = start; j < text.length - 1; j++) {
      if (text[j] === '(' && text[j + 1] === '*') {
        depth++;
        j++;
      } else if (text[j] === '*' && text[j + 1] === ')') {
        j++;
        if (--depth === 0) return j + 1;
      }
    }
    throw new LitmusError('syntax', '(*', positionOf(text, start), 'comment without end');
  };
  /** Copies a process, parameters and body, in which only C comments count. */
  const skipProcess = () => {
    let braces = 0;
    while (i < text.length) {
      if (skipComment(false)) continue;
      const c = text[i++];
      if (c === '{') braces++;
      else if (c === '}' && --braces === 0) return;
    }
  };

  while (i < text.length) {
    if (skipComment(true)) continue;
    const c = text[i];
    if (inHeader) {
      if (c === '{') inHeader = false;
      else if (c === '"') {
        const end = text.indexOf('"', i + 1);
        blank(i, end < 0 ? text.length : end + 1);
        i = end < 0 ? text.length : end + 1;
        continue;
      } else blank(i, i + 1);
      i++;
    } else if (c === 'P' && /^P\d+\s*\(/.test(text.slice(i, i + 12)) && !/\w/.test(text[i - 1] ?? ' '))
      skipProcess();
    else i++;
  }
  return { name: header[1] ?? '', code: out.join('') };
}
