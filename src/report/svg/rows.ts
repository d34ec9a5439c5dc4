import type { AccessEvent, Trace, TraceViolation } from '../../fuzz/trace.ts';
import { accessMarks, accessText } from '../access-text.ts';
import { graceText } from '../interrupt-text.ts';
import { type Spell, spellingOf } from '../location.ts';
import { relevant } from '../relevance.ts';
import { wrap } from '../wrap.ts';

/** What stands on a line of the drawing: one event of one CPU, so nothing else is beside it. */
export interface Row {
  readonly cpu: number;
  readonly kind: 'heading' | 'access' | 'visible' | 'interrupt' | 'violation';
  readonly lines: readonly string[];
  /** Number of the event in `Trace.events`. */
  readonly at: number;
  readonly event: AccessEvent | null;
}

/** Characters of a line at most. */
const WIDTH = 46;

/** The rows of what a diagram shows of a trace, in the order of execution, with the violation last. */
export function rowsOf(trace: Trace): readonly Row[] {
  const { events } = relevant(trace);
  const spell = spellingOf(events, trace.violation);
  const numbers = new Map(trace.events.map((event, at) => [event, at]));
  const rows: Row[] = [];
  const waiting = new Map<number, Row>();
  const flush = (cpu: number): void => {
    const heading = waiting.get(cpu);
    if (heading !== undefined) rows.push(heading);
    waiting.delete(cpu);
  };
  for (const event of events) {
    const at = numbers.get(event) ?? 0;
    const row = (kind: Row['kind'], text: string, cpu = event.cpu): Row => {
      return { cpu, kind, lines: wrap(text, 0, 2, WIDTH), at, event: event.type === 'access' ? event : null };
    };
    if (event.type === 'operation') {
      // A heading stands right above the first line of its operation.
      flush(event.cpu);
      waiting.set(event.cpu, row('heading', event.text));
      continue;
    }
    if (event.type === 'interrupt') {
      const what = event.softirq ? 'softirq' : 'interrupt';
      rows.push(row('interrupt', event.begin ? `${what}: ${event.text}` : `end of the ${what}`));
      continue;
    }
    if (event.type === 'grace') {
      rows.push(row('interrupt', graceText(event)));
      continue;
    }
    const forced = event.visible.filter(
      one => event.type === 'commit' || one.address !== event.address || one.cpu !== event.cpu,
    );
    for (const one of forced)
      rows.push({
        ...row('visible', `${spell(one.location)} = ${one.value} becomes visible`, one.cpu),
        event: null,
      });
    if (event.type === 'commit') continue;
    flush(event.cpu);
    rows.push(row('access', textOf(event, spell, trace.violation)));
  }
  for (const cpu of [...waiting.keys()]) flush(cpu);
  return trace.violation === null
    ? rows
    : [...rows, violationRow(trace.violation, trace.events.length, spell)];
}

function textOf(event: AccessEvent, spell: Spell, violation: TraceViolation | null): string {
  const marks = accessMarks(event);
  const pending = violation?.oracle === 'deadlock' ? ' (waits for ever)' : ' (about to run)';
  return `${accessText(event, spell)}${marks === '' ? '' : ` ${marks}`}${event.executed ? '' : pending}`;
}

function violationRow(violation: TraceViolation, at: number, spell: Spell): Row {
  const { oracle, location, details, cpu } = violation;
  const message =
    location === '' ? violation.message : violation.message.replaceAll(location, spell(location));
  const lines = [`${oracle}: ${message}`, ...details].flatMap(text => wrap(text, 0, 2, WIDTH + 10));
  return { cpu, kind: 'violation', lines, at, event: null };
}
