import { type Line, line } from './lines.ts';

/** The keys, for the screen, for plain lines, and for the documentation, which a test compares. */
export const keys: readonly (readonly [keys: string, what: string])[] = [
  ['Right, Down, l, j, Enter, Space', 'one step forwards'],
  ['Left, Up, h, k, Backspace', 'one step backwards'],
  ['PageDown, PageUp', 'ten steps'],
  ['Home, <', 'where the CPUs begin; again: the setup'],
  ['End, >, G', 'the end'],
  ['g', 'go to a step by its number'],
  ['o, O', 'where the next operation begins, or the one before'],
  ['s, S', 'where the next context switch is, or the one before'],
  ['w, W', 'the next store delayed or committed, or stale read; the one before'],
  ['v', 'the violation'],
  ['/', 'search for a location by part of its name'],
  ['n, N', 'the next step that uses it, or the one before'],
  ['?', 'these keys'],
  ['q, Escape', 'leave'],
];

const words: readonly (readonly [word: string, what: string])[] = [
  ['> CPU1', 'CPU1 acts next'],
  ['delays', "stores of the CPU that other CPUs do not see yet; 'becomes visible': one has reached memory"],
  ['may see', 'locations whose older values this CPU could still read'],
  ['may be stale', 'the next access itself may return an older value'],
  ['TLB', 'translations that the CPU keeps although the page table has changed'],
  ['0011c', 'the row of digits: the CPU of each step; c a commit, i an interrupt, e the end'],
];

/** The keys and what the words on the screen mean. */
export function helpLines(columns: number): readonly Line[] {
  const width = Math.min(33, Math.floor(columns / 2));
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
