import { scrollTo } from '../scroll.ts';
import { cell, line, type Row, span, wrapText } from '../text.ts';

const keys: readonly (readonly [string, string])[] = [
  ['q', 'quit: ends the campaign (asks first); what was found is on the disk, --resume goes on'],
  ['space, p', 'pause and resume; time does not run meanwhile'],
  ['tab, shift-tab', 'next and previous panel: it unfolds where room is short, and the arrows scroll it'],
  ['up, down, j, k', 'choose a crash; scroll the log, the speeds or the pairs if that panel is marked'],
  ['home, end', 'the newest and the oldest crash'],
  ['enter', 'open the crash: diagram, report, trace and mail; left and right change between them'],
  ['s', 'step through the crash, forwards and backwards'],
  ['m', 'minimise the crash now, before the others'],
  ['t', 'show one target or design only'],
  ['?, h', 'this help'],
  ['esc', 'back'],
  ['ctrl-c', 'end the campaign at once, orderly; twice: without waiting'],
  ['ctrl-z', 'suspend; fg goes on'],
];

const meanings: readonly (readonly [string, string])[] = [
  ['process timing', 'how long it has run, and how long ago something last happened'],
  [
    'overall results',
    'executions, findings, queue, and whether to stop: quiet means that for a tenth of all executions nothing new came',
  ],
  [
    'strategy yields',
    'schedules (then programs) by the way they were chosen; "new" counts features seen first, "/1k" those of the last minute for 1,000 schedules; * marks the best',
  ],
  [
    'coverage',
    'features by class; "unseen" estimates (Good-Turing) the chance that the next execution shows a new one; the bar is how much of what there is was seen',
  ],
  [
    'operation pairs',
    'which operation (row) ran before which (column) on one location: the darker the more often, + newly',
  ],
  ['speed', 'executions a second, of all and of each worker'],
  [
    'crashes',
    'by signature, newest first: how often seen, how long ago first, how far minimised (operations before and now)',
  ],
  ['log', '* a finding, ! a warning'],
];

/** The help, from line `scroll` on. */
export function helpRows(scroll: number, columns: number, rows: number): readonly Row[] {
  const all = [
    line('keys', 'title'),
    ...keys.flatMap(entry => entryRows(entry, columns)),
    [],
    line('panels', 'title'),
    ...meanings.flatMap(entry => entryRows(entry, columns)),
  ];
  return all.slice(scrollTo(scroll, all.length, rows)).slice(0, rows);
}

const NAME = 17;

function entryRows([name, text]: readonly [string, string], columns: number): readonly Row[] {
  if (columns < 50) {
    return [line(name, 'strong'), ...wrapText(`  ${text}`, columns, 2).map(one => line(one))];
  }
  return wrapText(text, columns - NAME).map(
    (one, i): Row => [cell(i === 0 ? name : '', NAME, 'strong'), span(one)],
  );
}
