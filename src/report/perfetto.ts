import { type Case, caseDesign, verdictText } from '../fuzz/case/case.ts';
import type { AccessEvent, Trace } from '../fuzz/trace.ts';
import { accessMarks, accessText } from './access-text.ts';
import { flowOf } from './flow/reads-from.ts';
import { delaySpans, lockSpans, type Span } from './flow/spans.ts';

/** An event of the Trace Event Format, as Chrome writes and Perfetto reads it; times are microseconds. */
export interface TimelineEvent {
  readonly name: string;
  readonly cat: string;
  /** M metadata, X slice, b and e begin and end of a span that may overlap others, s and f ends of a flow, i instant. */
  readonly ph: 'M' | 'X' | 'b' | 'e' | 's' | 'f' | 'i';
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly id?: string;
  readonly bp?: 'e';
  readonly s?: 't' | 'p';
  readonly args?: Readonly<Record<string, unknown>>;
}

const PID = 1;
/** Thread 0 and the process's own number mean something to Perfetto, so CPU0 is not thread 0 or 1. */
const FIRST_TID = 10;
const full = (location: string): string => location;

/**
 * The timeline of an execution as Chrome trace event JSON, which Perfetto and chrome://tracing open: a track for each CPU
 * with a slice for each access (1 us, in the order of execution) inside one for its operation, flows from stores to the
 * loads that read them on another CPU, and spans for locks and delayed stores on tracks of their own.
 */
export function perfetto(one: Case, trace: Trace): string {
  const head = { displayTimeUnit: 'ns', otherData: otherData(one) };
  const lines = timeline(trace).map(event => JSON.stringify(event));
  return `${JSON.stringify(head).slice(0, -1)},"traceEvents":[\n${lines.join(',\n')}\n]}\n`;
}

function otherData(one: Case): Readonly<Record<string, string>> {
  return { design: caseDesign(one), memory: one.memory, verdict: verdictText(one.expect) };
}

/** The events, each slice before those inside it. */
export function timeline(trace: Trace): readonly TimelineEvent[] {
  const clock = new Clock(trace);
  return [
    ...metadata(trace),
    ...operations(trace, clock),
    ...accesses(trace, clock),
    ...flows(trace, clock),
    ...spans(lockSpans(trace), clock, 'lock', (event, name) => `CPU${event.cpu} holds ${name}`),
    ...spans(
      delaySpans(trace),
      clock,
      'delay',
      event => `CPU${event.cpu} delays ${event.location} = ${event.shown.a}`,
    ),
    ...violation(trace, clock),
  ];
}

/** When events of a trace happen: each access executed takes a microsecond, all else no time. */
class Clock {
  readonly #at: readonly number[];
  readonly end: number;

  constructor(trace: Trace) {
    let now = 0;
    this.#at = trace.events.map(event => (event.type === 'access' && event.executed ? now++ : now));
    this.end = now;
  }

  begin(event: number): number {
    return this.#at[event] ?? this.end;
  }
}

function metadata(trace: Trace): readonly TimelineEvent[] {
  const common = { cat: '__metadata', ph: 'M', pid: PID, ts: 0 } as const;
  const cpus = Array.from({ length: trace.cpus }, (_, cpu) => tidOf(cpu));
  return [
    { ...common, name: 'process_name', tid: PID, args: { name: `pagestorm (${trace.memory})` } },
    ...cpus.flatMap((tid, cpu): readonly TimelineEvent[] => [
      { ...common, name: 'thread_name', tid, args: { name: `CPU${cpu}` } },
      { ...common, name: 'thread_sort_index', tid, args: { sort_index: cpu } },
    ]),
  ];
}

function tidOf(cpu: number): number {
  return FIRST_TID + Math.max(0, cpu);
}

/** Operations and interrupt handlers; what the end of the execution cut short lasts until then. */
function operations(trace: Trace, clock: Clock): readonly TimelineEvent[] {
  const slices: TimelineEvent[] = [];
  const open = Array.from({ length: trace.cpus }, (): number[] => []);
  const close = (from: number, end: number): void => {
    const event = trace.events[from];
    if (event?.type !== 'operation' && event?.type !== 'interrupt') return;
    const ts = clock.begin(from);
    const interrupt = event.type === 'interrupt';
    slices.push({
      name: `${interrupt ? (event.softirq ? 'softirq ' : 'irq ') : ''}${event.text}`,
      cat: interrupt ? 'interrupt' : event.setup ? 'setup' : 'operation',
      ph: 'X',
      pid: PID,
      tid: tidOf(event.cpu),
      ts,
      dur: end - ts,
    });
  };
  for (const [i, event] of trace.events.entries()) {
    if (event.type !== 'operation' && event.type !== 'interrupt') continue;
    const stack = open[event.cpu];
    if (event.begin) stack?.push(i);
    else {
      const from = stack?.pop();
      if (from !== undefined) close(from, clock.begin(i));
    }
  }
  for (const stack of open) for (const from of stack) close(from, clock.end);
  return slices.sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
}

function accesses(trace: Trace, clock: Clock): readonly TimelineEvent[] {
  return trace.events.flatMap((event, i): readonly TimelineEvent[] => {
    if (event.type !== 'access' || !event.executed) return [];
    const marks = accessMarks(event);
    const { func, file, line } = event.place;
    const args = {
      location: event.location,
      ...(func === '' ? {} : { function: func, source: `${file}:${line}` }),
      ...(event.held.length > 0 ? { holds: event.held.join(', ') } : {}),
      ...(event.context.length > 0 ? { context: event.context.join(', ') } : {}),
      step: event.step,
    };
    const name = `${accessText(event, full)}${marks === '' ? '' : ` ${marks}`}`;
    const slice = {
      cat: 'access',
      ph: 'X',
      pid: PID,
      tid: tidOf(event.cpu),
      ts: clock.begin(i),
      dur: 1,
    } as const;
    return [{ name, ...slice, args }];
  });
}

/** A flow for each read of what another CPU stored; its ends lie in the middle of the slices that they belong to. */
function flows(trace: Trace, clock: Clock): readonly TimelineEvent[] {
  const at = new Map(trace.events.map((event, i) => [event, clock.begin(i)]));
  let id = 0;
  return [...flowOf(trace).from].flatMap(([read, store]): readonly TimelineEvent[] => {
    const [from, to] = [store === null ? undefined : at.get(store), at.get(read)];
    if (store === null || store.cpu === read.cpu || from === undefined || to === undefined) return [];
    const flow = { name: 'reads from', cat: 'flow', pid: PID, id: `0x${(++id).toString(16)}` } as const;
    return [
      { ...flow, ph: 's', tid: tidOf(store.cpu), ts: from + 0.5 },
      { ...flow, ph: 'f', bp: 'e', tid: tidOf(read.cpu), ts: to + 0.5 },
    ];
  });
}

function spans<S extends Span & { readonly name?: string }>(
  all: readonly S[],
  clock: Clock,
  cat: string,
  text: (event: AccessEvent, name: string) => string,
): readonly TimelineEvent[] {
  return all.flatMap(({ from, to, event, name = '' }, i): readonly TimelineEvent[] => {
    const span = {
      name: text(event, name),
      cat,
      pid: PID,
      tid: tidOf(event.cpu),
      id: `0x${(i + 1).toString(16)}`,
    };
    return [
      { ...span, ph: 'b', ts: clock.begin(from) },
      { ...span, ph: 'e', ts: Math.max(clock.begin(to), clock.begin(from)) },
    ];
  });
}

function violation(trace: Trace, clock: Clock): readonly TimelineEvent[] {
  if (trace.violation === null) return [];
  const { oracle, message, cpu, details } = trace.violation;
  const instant = { cat: 'violation', ph: 'i', pid: PID, tid: tidOf(cpu), ts: clock.end } as const;
  return [{ name: oracle, ...instant, s: cpu < 0 ? 'p' : 't', args: { message, details } }];
}
