import type { AccessEvent, Trace, TraceEvent, TraceViolation } from '../fuzz/trace.ts';
import { accessMarks, accessText } from './access-text.ts';
import { graceText, interruptText } from './interrupt-text.ts';
import { type Spell, spellingOf } from './location.ts';
import { relevant } from './relevance.ts';
import { MAIL_WIDTH, wrap } from './wrap.ts';

/** A column begins at least this far to the right of the one before; longer lines are broken. */
const MIN_INDENT = 12;
const MAX_INDENT = 38;
/** What is left for the last column, unless there are more than four CPUs. */
const LAST_COLUMN = 40;

/** A line of a diagram, before it is placed in the column of its CPU. */
interface Line {
  /** -1 for lines across all columns. */
  readonly cpu: number;
  readonly text: string;
}

/**
 * The race as a kernel developer writes it under a mail: a column for each CPU, time downwards, one line for each
 * access that matters, and the violation at its place.
 */
export function diagram(trace: Trace): string {
  const shown = relevant(trace);
  const spell = spellingOf(shown.events, trace.violation);
  const lines = headed(shown.events, spell, pendingMark(trace.violation));
  const verdict = trace.violation === null ? [] : violationLines(trace.violation, spell);
  const indents = columns(trace.cpus, [...lines, ...verdict]);
  const setup = trace.events.filter(event => event.type === 'operation' && event.setup && event.begin);
  const head = setup.flatMap(event => (event.type === 'operation' ? wrap(`before: ${event.text}`, 0) : []));
  return [
    ...head,
    ...(head.length > 0 ? [''] : []),
    ...titles(indents),
    ...place(lines, indents),
    ...place(verdict, indents),
    ...footer(shown.hidden),
  ].join('\n');
}

/** The lines of all events; the heading of an operation stands right above its first line. */
function headed(events: readonly TraceEvent[], spell: Spell, pending: string): readonly Line[] {
  const lines: Line[] = [];
  const waiting = new Map<number, Line>();
  const flush = (cpu: number): void => {
    const heading = waiting.get(cpu);
    if (heading !== undefined) lines.push(heading);
    waiting.delete(cpu);
  };
  for (const event of events) {
    if (event.type === 'operation') {
      flush(event.cpu);
      waiting.set(event.cpu, { cpu: event.cpu, text: `${event.text}:` });
      continue;
    }
    if (event.type === 'access') flush(event.cpu);
    lines.push(...linesOf(event, spell, pending));
  }
  for (const cpu of [...waiting.keys()]) flush(cpu);
  return lines;
}

function linesOf(event: TraceEvent, spell: Spell, pending: string): readonly Line[] {
  switch (event.type) {
    case 'operation':
      return [];
    case 'interrupt':
      return [{ cpu: event.cpu, text: interruptText(event, ':') }];
    case 'grace':
      return [{ cpu: event.cpu, text: `  ... ${graceText(event)}` }];
    case 'commit':
      return event.visible.map(one => ({
        cpu: one.cpu,
        text: `  ... ${spell(one.location)} = ${one.value} becomes visible`,
      }));
    case 'access':
      return accessLines(event, spell, pending);
  }
}

/** What is said of accesses that were still to come when the execution ended. */
function pendingMark(violation: TraceViolation | null): string {
  if (violation?.oracle === 'deadlock') return '  ... waits for ever';
  return violation?.oracle === 'lock-order' ? '  (about to)' : '';
}

function accessLines(event: AccessEvent, spell: Spell, pending: string): readonly Line[] {
  const marks = accessMarks(event);
  const blocked = event.executed ? '' : pending;
  const text = `  ${accessText(event, spell)}${marks === '' ? '' : ` ${marks}`}${blocked}`;
  // What the access itself stores is no news; what it forces out of the store buffer is, and comes first.
  const forced = event.visible.filter(one => one.address !== event.address || one.cpu !== event.cpu);
  const visible = forced.map(one => ({
    cpu: one.cpu,
    text: `  ... ${spell(one.location)} = ${one.value} becomes visible`,
  }));
  return [...visible, { cpu: event.cpu, text }];
}

function violationLines(violation: TraceViolation, spell: Spell): readonly Line[] {
  const message =
    violation.location === ''
      ? violation.message
      : violation.message.replaceAll(violation.location, spell(violation.location));
  return [
    { cpu: violation.cpu, text: `  *** ${violation.oracle}: ${message}` },
    ...violation.details.map(detail => ({ cpu: violation.cpu, text: `      ${detail}` })),
  ];
}

/** Where each column begins: as far apart as the longest lines allow, within limits. */
function columns(cpus: number, lines: readonly Line[]): readonly number[] {
  const between = Math.max(1, cpus - 1);
  const least = Math.max(
    MIN_INDENT / 2,
    Math.min(2 * MIN_INDENT, Math.floor((MAIL_WIDTH - LAST_COLUMN) / between)),
  );
  let step = MAX_INDENT;
  for (const { cpu, text } of lines) {
    if (cpu > 0) step = Math.min(step, Math.floor((MAIL_WIDTH - text.length) / cpu));
  }
  const indent = Math.max(step, least);
  return Array.from({ length: cpus }, (_, cpu) => cpu * indent);
}

function titles(indents: readonly number[]): readonly string[] {
  const row = (text: (cpu: number) => string): string =>
    indents.reduce((line, indent, cpu) => line.padEnd(indent) + text(cpu), '').trimEnd();
  return [row(cpu => `CPU${cpu}`), row(() => '----')];
}

function place(lines: readonly Line[], indents: readonly number[]): readonly string[] {
  return lines.flatMap(({ cpu, text }) => wrap(text, indents[cpu] ?? 0));
}

function footer(hidden: readonly (readonly [reason: string, accesses: number])[]): readonly string[] {
  if (hidden.length === 0) return [];
  const parts = hidden.map(([reason, accesses]) => `${accesses} ${reason}`);
  return ['', ...wrap(`(not shown: ${parts.join(', ')})`, 0)];
}
