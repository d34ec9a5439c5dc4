import type { Trace, TraceEvent, Visible } from '../fuzz/trace.ts';
import { accessMarks, accessText } from './access-text.ts';
import { graceText } from './interrupt-text.ts';

const full = (location: string): string => location;

/** Every access of an execution, one line each, with all that is known of it. Locations keep their full names. */
export function traceText(trace: Trace): string {
  const lines = trace.events.flatMap(event => eventLines(event));
  if (trace.violation !== null) {
    const { violation } = trace;
    lines.push(
      `${violation.cpu < 0 ? 'end ' : `cpu${violation.cpu}`}  *** ${violation.oracle}: ${violation.message}`,
    );
    for (const place of violation.places)
      if (place.func !== '') lines.push(`      at ${place.func} (${place.file}:${place.line})`);
    for (const detail of violation.details) lines.push(`      ${detail}`);
  }
  return lines.join('\n');
}

function eventLines(event: TraceEvent): readonly string[] {
  const who = `${event.setup ? 'setup' : `cpu${event.cpu} `}`;
  switch (event.type) {
    case 'operation':
      return [`${who}  ${event.begin ? `{ ${event.text}` : `} ${event.text.replace(/\(.*$/, '')}`}`];
    case 'interrupt':
      return [`${who}  ${event.begin ? '{' : '}'} ${event.softirq ? 'softirq' : 'irq'} ${event.text}`];
    case 'grace':
      return [`${who}  ${graceText(event)}`];
    case 'commit':
      return event.visible.map(one => visibleLine(one));
    case 'access': {
      const marks = accessMarks(event);
      const notes = [
        ...(event.held.length > 0 ? [`holds ${event.held.join(', ')}`] : []),
        ...event.context,
        ...(event.place.func === '' ? [] : [`${event.place.func} ${event.place.file}:${event.place.line}`]),
      ];
      const number = event.executed ? String(event.step).padStart(5) : '    -';
      const text = `${accessText(event, full)}${marks === '' ? '' : ` ${marks}`}${event.executed ? '' : ' (pending)'}`;
      const own = `${who} ${number}  ${text}${notes.length > 0 ? `  [${notes.join('; ')}]` : ''}`;
      return [own, ...event.visible.map(one => visibleLine(one))];
    }
  }
}

function visibleLine(one: Visible): string {
  return `cpu${one.cpu}         ... ${one.location} = ${one.value} becomes visible`;
}
