import { type Line, line } from './lines.ts';

/** The keys, for the screen, for plain lines, and for the documentation, which a test compares. */
export const keys: readonly (readonly [keys: string, what: string])[] = [
  ['Right Down l j Enter Space', 'one step forwards'],
  ['Left Up h k Backspace', 'one step backwards'],
  ['PageDown, PageUp', 'ten steps'],
  ['Home <', 'where the CPUs begin; again: the setup'],
  ['End > G', 'the end'],
  ['v', 'the violation'],
  ['g', 'go to a step by its number'],
  ['o, O', 'next, previous begin of an operation'],
  ['s, S', 'next, previous context switch'],
  ['w, W', 'next, previous delay, commit or stale read'],
  ['/', 'search for a location by part of its name'],
  ['n, N', 'next, previous step that uses it'],
  ['?', 'these keys'],
  ['q Escape', 'leave'],
];

const words: readonly (readonly [word: string, what: string])[] = [
  ['> CPU1', 'CPU1 acts next'],
  ['delays', 'its stores that other CPUs do not see yet'],
  ['... becomes visible', 'a delayed store has reached memory'],
  ['may see', 'older values that its loads could return'],
  ['may be stale', 'older values for the next access itself'],
  ['TLB', 'entries that the page table no longer has'],
  ['..0011cire', 'steps: setup, CPU, commit, irq, RCU, end'],
];

/** The keys and what the words on the screen mean. */
export function helpLines(columns: number): readonly Line[] {
  const width = Math.min(28, Math.floor(columns / 2));
  const row = ([left, right]: readonly [string, string]): Line => [
    { text: ` ${left.padEnd(width)} `, style: 'strong' },
    { text: right, style: 'plain' },
  ];
  return [...keys.map(row), line(''), ...words.map(row)];
}

/** The keys that matter most, as many as there is room for. */
export function keyLine(columns: number): Line {
  const hints = [
    '<-/-> step',
    '? help',
    'q quit',
    'v violation',
    's switch',
    'w weak',
    'o operation',
    '/ search',
    'g go to',
    'End',
  ];
  let text = '';
  for (const hint of hints) {
    const longer = text === '' ? ` ${hint}` : `${text}   ${hint}`;
    if (longer.length > columns) break;
    text = longer;
  }
  return line(text, 'faint');
}
