import type { Cost } from '../../fuzz/matrix/cost-figures.ts';
import type { Cell, Row, Table } from '../../fuzz/matrix/table.ts';
import { unexpected } from '../../fuzz/matrix/table.ts';
import { shortHash } from '../../fuzz/signature.ts';

/** A table as text: a header and rows of as many cells. */
export interface Grid {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** `20k`, `1.5M`, `123`. */
export function shortCount(n: number): string {
  if (n >= 999_500) return `${trimZero((n / 1e6).toPrecision(3))}M`;
  return n >= 1000 ? `${trimZero((n / 1e3).toPrecision(3))}k` : String(n);
}

function trimZero(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : String(Number(text));
}

/** `mte:H1`, `~mte:H1`, `#1a2b3c4d`, `0/20k` or `proved`; see `legend`. */
export function cellText(cell: Cell | undefined, hazard: boolean): string {
  if (cell === undefined) return '';
  if (cell.verdict === 'none') return `0/${shortCount(cell.executions)}`;
  if (cell.verdict === 'proved') return 'proved';
  const id = cell.case?.id ?? (cell.like === null ? null : `~${cell.like.id}`);
  return `${id ?? `#${shortHash(cell.signatures[0] ?? '')}`}${hazard ? '!' : ''}`;
}

/** What the cells of a table mean, as far as they occur in it. */
export function legend(table: Table): readonly string[] {
  const cells = table.rows.flatMap(row => Object.values(row.cells));
  const violated = cells.filter(cell => cell.verdict === 'violated');
  const lines: (readonly [boolean, string])[] = [
    [
      violated.some(cell => cell.case !== null),
      '`mte:H1` violated: the shortest case of the corpus that shows it here',
    ],
    [
      violated.some(cell => cell.case === null && cell.like !== null),
      '`~mte:H1` violated by a random program, with the signature of that case on another design',
    ],
    [
      violated.some(cell => cell.case === null && cell.like === null),
      '`#1a2b3c4d` violated by a random program: the hash of a signature that the corpus lacks (--out writes the case)',
    ],
    [
      table.rows.some(row => row.hazards.length > 0),
      '`mte:N1!` a hazard that was derived from reading code and that no kernel developer has confirmed',
    ],
    [cells.some(cell => cell.verdict === 'none'), '`0/20k` no violation in that many executions'],
    ...provedLines(table).map(line => [true, line] as const),
  ];
  return lines.filter(([occurs]) => occurs).map(([, text]) => text);
}

/** The bounds within which something was proved, and how many executions that took. */
function provedLines(table: Table): readonly string[] {
  const proofs = table.rows.flatMap(({ proof }) => (proof?.proved === true ? [proof] : []));
  return [...new Set(proofs.map(one => one.bound))].map(bound => {
    const counts = proofs.filter(one => one.bound === bound).map(one => one.executions);
    const [least, most] = [Math.min(...counts), Math.max(...counts)].map(shortCount);
    const executions = least === most ? least : `${least} to ${most}`;
    return `\`proved\` no violation in ${bound}: ${executions} executions, all of them run; nor in the random ones`;
  });
}

/** Oracles that some design violates, in the table's order. */
export function violatedOracles(table: Table): readonly string[] {
  return table.oracles.filter(oracle => table.rows.some(row => row.cells[oracle]?.verdict === 'violated'));
}

/** Variants by oracles; those that nobody violates share a column. */
export function verdictGrid(table: Table): Grid {
  const shown = violatedOracles(table);
  const rest = table.oracles.filter(oracle => !shown.includes(oracle));
  return {
    header: ['design', ...shown, ...(rest.length > 0 ? ['all other oracles'] : [])],
    rows: table.rows.map(row => [
      `${row.name}${row.fixed ? ' (fixed)' : ''}`,
      ...shown.map(oracle => cellText(row.cells[oracle], row.hazards.includes(oracle))),
      ...(rest.length > 0 ? [restText(row, rest)] : []),
    ]),
  };
}

/** One text for oracles that show nothing. */
function restText(row: Row, oracles: readonly string[]): string {
  return [...new Set(oracles.map(oracle => cellText(row.cells[oracle], false)))].join(', ');
}

/** Costs by variant. */
export function costGrid(table: Table): Grid {
  return {
    header: [
      'design',
      'executions',
      'operations',
      'accesses',
      'barriers',
      'acquire, release',
      'atomics',
      'locks',
      'hold, mean',
      'hold, longest',
      'allocated at the peak',
    ],
    rows: table.rows.map(row => [row.name, ...costTexts(row.cost)]),
  };
}

function costTexts(cost: Cost | null): readonly string[] {
  if (cost === null || cost.operations === 0) return Array.from({ length: 10 }, () => '-');
  const each = (n: number): string => (n / cost.operations).toFixed(2);
  const peak = Object.entries(cost.allocated).map(([cache, n]) => `${n} ${cache}`);
  return [
    shortCount(cost.executions),
    shortCount(cost.operations),
    (cost.accesses / cost.operations).toFixed(1),
    ...[cost.barriers, cost.ordered, cost.atomics, cost.locks].map(each),
    cost.locks === 0 ? '-' : (cost.held / cost.locks).toFixed(1),
    cost.longestLock === '' ? '-' : `${cost.longestHold} ${cost.longestLock}`,
    peak.length === 0 ? '0' : peak.join(', '),
  ];
}

/** What the costs are means of. */
export function costNote(table: Table): string {
  const left = table.rows.reduce((sum, row) => sum + (row.cost?.leftOut ?? 0), 0);
  const all = table.rows.reduce(
    (sum, row) => sum + (row.cost?.leftOut ?? 0) + (row.cost?.executions ?? 0),
    0,
  );
  return [
    `Cost per operation, over the same random programs for all designs (of ${table.costOperations.join(', ')}), setup left out`,
    `and ${shortCount(left)} of ${shortCount(all)} executions left out that a violation ended.`,
    'Holds are counted in accesses of the holder; allocated is the most in one execution.',
  ].join(' ');
}

/** Which designs hold and which do not, in a sentence each. */
export function conclusion(table: Table): readonly string[] {
  const bad = (row: Row): readonly string[] =>
    Object.keys(row.cells).filter(oracle => row.cells[oracle]?.verdict === 'violated');
  const faults = (row: Row): number => row.modelFaults.length + (row.proof?.errors.length ?? 0);
  const clean = table.rows.filter(row => bad(row).length === 0 && faults(row) === 0);
  const lines: string[] = [];
  if (clean.length > 0) lines.push(`Shown nothing against: ${clean.map(row => row.name).join(', ')}.`);
  for (const row of table.rows) {
    const surprise = unexpected(row);
    if (surprise.length > 0) lines.push(`FIXED DESIGN VIOLATED: ${row.design}: ${surprise.join(', ')}.`);
    for (const { file, expected, got } of row.changed)
      lines.push(`VERDICT CHANGED: ${file}: ${got}, expected ${expected}.`);
    for (const [kind, executions] of Object.entries(row.observed))
      lines.push(`Observed in ${row.name}: ${kind}, in ${shortCount(executions)} executions.`);
    for (const fault of row.modelFaults) lines.push(`FAULT OF THE MODEL: ${row.design}: ${fault}`);
  }
  for (const { name, proof } of table.rows) {
    if (proof === null || proof.proved || proof.signatures.length > 0) continue;
    const of = `${proof.next} of ${proof.programs} programs in ${shortCount(proof.executions)} executions`;
    const why = proof.cutOff > 0 ? `, ${shortCount(proof.cutOff)} of them cut off` : '';
    lines.push(`Not proved: ${name}: ${of}${why}${proof.errors.map(error => `; ${error}`).join('')}.`);
  }
  const cutOff = table.rows.reduce((sum, row) => sum + row.cutOff, 0);
  if (cutOff > 0) lines.push(`${shortCount(cutOff)} executions were cut off for length, without a verdict.`);
  if (table.notRun.length > 0) lines.push(`Not run: ${table.notRun.join(', ')}.`);
  return lines;
}

/** `guest-memfd under tso, 2 CPUs, 3 pages, 1 address space`, if all rows agree. */
export function machineText(table: Table): string {
  const texts = table.rows.map(({ memory, size: { cpus, pages, mms } }) => {
    return `under ${memory}, ${count(cpus, 'CPU')}, ${count(pages, 'page')}, ${count(mms, 'address space')}`;
  });
  return [...new Set(texts)].join('; ');
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
