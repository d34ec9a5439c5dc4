import { Kind, RmwOp } from '../engine/access.ts';
import type { AccessEvent, Trace, TraceEvent } from '../fuzz/trace.ts';
import { accessText } from './access-text.ts';
import { type Flow, flowOf, isWrite, sourceOf } from './flow/reads-from.ts';
import { delaySpans, type Span } from './flow/spans.ts';
import { type Spell, spellingOf } from './location.ts';
import { objectOf, relevant } from './relevance.ts';

/** Steps of an explanation at most: more is what the diagram is for. */
const MOST = 8;

/** How much a step says: what the violation names comes first, then what memory did that program order would not. */
const Weight = { Named: 3, Reordered: 2, Passed: 1 } as const;

interface Step {
  readonly at: number;
  readonly weight: number;
  readonly text: string;
}

/**
 * The shortest story of a violation, in the order in which it happened: who stored what the oracle judged, whose value was
 * replaced, which store was delayed, which load was stale, what one CPU learnt from another. Empty for a clean execution.
 */
export function explain(trace: Trace): readonly string[] {
  if (trace.violation === null) return [];
  const teller = new Teller(trace);
  const steps: Step[] = [];
  for (const [at, event] of trace.events.entries()) {
    if (event.type !== 'access' || event.setup) continue;
    const weight = teller.weightOf(at, event);
    if (weight > 0) steps.push({ at, weight, text: teller.tell(at, event) });
  }
  const chosen = steps
    .sort((a, b) => b.weight - a.weight || b.at - a.at)
    .slice(0, MOST)
    .sort((a, b) => a.at - b.at);
  return [...chosen.map(step => step.text), teller.end()];
}

/** Puts accesses of a trace into words. */
class Teller {
  readonly #trace: Trace;
  readonly #flow: Flow;
  readonly #delays: readonly Span[];
  readonly #operations: ReadonlyMap<TraceEvent, string>;
  readonly #named: ReadonlySet<AccessEvent>;
  /** Reads that learn something from another CPU for the first time, with the store that they learn it from. */
  readonly #passed: ReadonlyMap<AccessEvent, AccessEvent>;
  readonly #sources: ReadonlySet<AccessEvent>;
  readonly #spell: Spell;

  constructor(trace: Trace) {
    this.#trace = trace;
    this.#flow = flowOf(trace);
    this.#delays = delaySpans(trace);
    this.#operations = operationsOf(trace);
    this.#named = namedBy(trace);
    const { events } = relevant(trace);
    this.#passed = this.#passedOn(events);
    this.#sources = new Set(this.#passed.values());
    this.#spell = spellingOf(events, trace.violation);
  }

  /** 0 for what the story can do without. */
  weightOf(at: number, event: AccessEvent): number {
    if (this.#named.has(event)) return Weight.Named;
    if (event.stale > 0 || event.cached || (event.failed && event.kind === Kind.Alloc))
      return Weight.Reordered;
    if (this.#missed(at, event) !== undefined) return Weight.Reordered;
    const missed = this.#delays.some(span => span.event === event && this.#isMissed(span));
    if (missed) return Weight.Reordered;
    return this.#passed.has(event) || this.#sources.has(event) ? Weight.Passed : 0;
  }

  tell(at: number, event: AccessEvent): string {
    const text = `CPU${event.cpu}${this.#inOperation(event)}: ${accessText(event, this.#spell)}`;
    const rest = [...this.#ofStore(event), ...this.#ofRead(at, event)];
    if (!event.executed)
      rest.push(this.#trace.violation?.oracle === 'deadlock' ? 'and waits for ever' : 'is about to run');
    if (event.failed && event.kind === Kind.Alloc) rest.push('there is no memory');
    return `${[text, ...rest].join('; ')}.`;
  }

  /** What the oracle says. */
  end(): string {
    const { oracle = '', message = '', cpu = -1, location = '' } = this.#trace.violation ?? {};
    const where = cpu < 0 ? 'At the end' : `Then, on CPU${cpu}`;
    const text = location === '' ? message : message.replaceAll(location, this.#spell(location));
    return `${where}: ${oracle}: ${text}.`;
  }

  #inOperation(event: AccessEvent): string {
    const name = this.#operations.get(event);
    return name === undefined ? '' : `, in ${name}()`;
  }

  #who(store: AccessEvent, reader: AccessEvent): string {
    const name = this.#operations.get(store);
    const by = store.setup ? 'the setup' : store.cpu === reader.cpu ? 'this CPU' : `CPU${store.cpu}`;
    return name === undefined ? by : `${by} in ${name}()`;
  }

  #ofStore(event: AccessEvent): readonly string[] {
    if (!isWrite(event)) return [];
    const parts: string[] = [];
    const old = this.#flow.over.get(event)?.store;
    const replaced = this.#named.has(event) && old !== undefined && old !== null && old.cpu !== event.cpu;
    if (replaced && old.kind === Kind.Store)
      parts.push(`it replaces ${old.shown.a}, stored by ${this.#who(old, event)}`);
    const span = this.#delays.find(one => one.event === event);
    if (span !== undefined) parts.push(`the store is delayed, ${this.#until(span)}`);
    return parts;
  }

  #until({ to, cpu }: Span): string {
    const end = this.#trace.events[to];
    if (end === undefined) return 'and no other CPU ever sees it in this execution';
    if (end.type !== 'access') return 'and becomes visible only later';
    const by =
      end.cpu === cpu ? accessText(end, this.#spell) : `CPU${end.cpu}'s ${accessText(end, this.#spell)}`;
    return `and becomes visible only with ${by}`;
  }

  #ofRead(at: number, event: AccessEvent): readonly string[] {
    const store = sourceOf(this.#flow, event);
    const parts: string[] = [];
    if (event.cached) parts.push(`the entry is from the TLB, the page table says ${event.shown.newest}`);
    if (event.stale > 0) parts.push(`an older value: the newest is ${event.shown.newest}`);
    const missed = this.#missed(at, event);
    if (missed !== undefined)
      parts.push(`CPU${missed.cpu}'s store of ${missed.event.shown.a} is still delayed`);
    if (store !== undefined && store !== null && (store.cpu !== event.cpu || store.setup))
      parts.push(`${verbOf(event)} by ${this.#who(store, event)}`);
    return parts;
  }

  /** A store to the same word by another CPU that is delayed while an access reads past it. */
  #missed(at: number, event: AccessEvent): Span | undefined {
    if (!this.#flow.from.has(event)) return undefined;
    return this.#delays.find(
      span =>
        span.event.address === event.address && span.cpu !== event.cpu && span.from < at && at < span.to,
    );
  }

  /** A delayed store that another CPU read past, or that is delayed when it is too late. */
  #isMissed(span: Span): boolean {
    const { events, violation } = this.#trace;
    const object = objectOf(violation?.location ?? '');
    if (span.to === events.length && object !== '' && objectOf(span.event.location) === object) return true;
    return events.some((event, at) => event.type === 'access' && this.#missed(at, event) === span);
  }

  #passedOn(shown: readonly TraceEvent[]): ReadonlyMap<AccessEvent, AccessEvent> {
    const passed = new Map<AccessEvent, AccessEvent>();
    const known = new Map<number, Set<AccessEvent>>();
    for (const read of shown) {
      if (read.type !== 'access' || counts(read)) continue;
      const store = sourceOf(this.#flow, read);
      if (store === null || store === undefined || store.setup || store.cpu === read.cpu) continue;
      const sources = known.get(read.cpu) ?? new Set();
      known.set(read.cpu, sources);
      if (!sources.has(store)) passed.set(read, store);
      sources.add(store);
    }
    return passed;
  }
}

/** Reference counts say how many there are, not what somebody did. */
function counts({ kind, op }: AccessEvent): boolean {
  return kind === Kind.Rmw && (op === RmwOp.Add || op === RmwOp.AddUnless);
}

/** `stored`, or what was done to the flag that a read tests. */
function verbOf(event: AccessEvent): string {
  return event.flags.length > 0 ? (event.result === 0 ? 'as left' : 'as set') : 'stored';
}

/** The accesses at the places that the violation names: of each place the last one, about the violation's word if any is. */
function namedBy({ events, violation }: Trace): ReadonlySet<AccessEvent> {
  const named = new Set<AccessEvent>();
  const accesses = events.filter(event => event.type === 'access');
  for (const { func, file, line } of violation?.places ?? []) {
    if (func === '') continue;
    const there = accesses.filter(
      ({ place }) => place.file === file && place.line === line && place.func === func,
    );
    const about = there.filter(event => event.address === violation?.address);
    const last = (about.length > 0 ? about : there).at(-1);
    if (last !== undefined) named.add(last);
  }
  const last = accesses.findLast(event => event.address === violation?.address && isWrite(event));
  if (last !== undefined) named.add(last);
  return named;
}

/** The operation, or interrupt handler, that each event belongs to, without arguments. */
function operationsOf({ events }: Trace): ReadonlyMap<TraceEvent, string> {
  const names = new Map<TraceEvent, string>();
  const open = new Map<number, string[]>();
  for (const event of events) {
    const stack = open.get(event.cpu) ?? [];
    open.set(event.cpu, stack);
    if (event.type === 'operation' || event.type === 'interrupt') {
      if (event.begin) stack.push(event.text.replace(/\(.*$/s, ''));
      else stack.pop();
      continue;
    }
    const name = stack.at(-1);
    if (name !== undefined) names.set(event, name);
  }
  return names;
}
