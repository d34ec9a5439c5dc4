import { type Case, caseDesign } from '../fuzz/case/case.ts';
import { MAIL_WIDTH, parts } from './wrap.ts';

/** The operations of a case, each once. */
function operationsOf({ program }: Case): readonly string[] {
  const lists = [program.setup, ...program.cpus, ...program.interrupts];
  return [...new Set(lists.flat().map(call => call.operation))];
}

/** The command that looks for the same from nothing, in words that a shell reads. */
export function searchCommand(one: Case): readonly string[] {
  const { cpus, pages, mms } = one.size;
  return [
    'npx pagestorm fuzz',
    caseDesign(one),
    `--memory ${one.memory}`,
    `--cpus ${cpus}`,
    `--pages ${pages}`,
    `--mms ${mms}`,
    `--ops ${operationsOf(one).join(',')}`,
    '--time 60s',
  ];
}

/** How a reader of a mail gets the same, with the case saved from it. */
export function reproduction(one: Case): readonly string[] {
  return [
    'In a clone of pagestorm (Node.js 20.19 or later), with the case at the end',
    'of this mail saved as case.yaml:',
    '',
    '    npm ci',
    '    npx pagestorm replay case.yaml --diagram',
    '    npx pagestorm replay case.yaml --trace    # every access',
    '',
    one.expect.verdict === 'clean' ? 'To search this design for violations:' : 'To find it from nothing:',
    '',
    ...folded(searchCommand(one)),
  ];
}

/** Breaks a command at its words, for a shell; a word that is too long goes on in the first column. */
function folded(words: readonly string[]): readonly string[] {
  const lines: string[] = [];
  let line = '   ';
  for (const word of words) {
    if (line.length + 1 + word.length > MAIL_WIDTH - 2 && line.trim() !== '') {
      lines.push(`${line} \\`);
      line = '       ';
    }
    const [first = '', ...more] = parts(word, MAIL_WIDTH - 2 - line.length);
    line += ` ${first}`;
    for (const part of more) {
      lines.push(`${line}\\`);
      line = part;
    }
  }
  return [...lines, line];
}

/** A word for a shell, quoted if need be. */
export function shellWord(word: string): string {
  return /^[\w./+=@%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
