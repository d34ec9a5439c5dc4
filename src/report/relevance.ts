import { Kind, Order, RmwOp } from '../engine/access.ts';
import type { AccessEvent, Trace, TraceEvent } from '../fuzz/trace.ts';
import { idleLocks, isLocking, lockConcern, quietSections } from './critical-sections.ts';
import { delaySpans } from './flow/spans.ts';

/** What a diagram shows of a trace, and how much it leaves out, by reason. */
export interface Relevant {
  readonly events: readonly TraceEvent[];
  readonly hidden: readonly (readonly [reason: string, accesses: number])[];
}

const Reason = {
  Private: 'on locations that only one CPU touches',
  Uncontended: 'on locks that nobody else wanted meanwhile',
  Order: 'on locks whose order is not in question',
  Counter: 'counting references',
  Repeated: 'reading again what that CPU had seen',
  Barrier: 'barriers and retries',
} as const;

const readKinds: ReadonlySet<number> = new Set([
  Kind.Load,
  Kind.PlainLoad,
  Kind.Wait,
  Kind.Walk,
  Kind.IsLocked,
]);

/**
 * Leaves out what a reader of the race need not see: locations that one CPU alone touches; locks held while no other CPU
 * did anything, or that nobody else wanted and that protect nothing shown; references that are only counted; barriers under
 * a model that needs none; RCU sections during which nobody waits for a grace period; retries; reads that tell a CPU what
 * it has just read or written. What the violation is about, and every stale read and delayed store, stays; so do the
 * locks that a deadlock or a lock-order violation may hang on. Setup is left to the headings.
 */
export function relevant(trace: Trace): Relevant {
  const concurrent = trace.events.filter(event => !event.setup);
  const accesses = concurrent.filter(event => event.type === 'access');
  const about = concerned(accesses, trace);
  const shared = sharedAddresses(accesses);
  const counters = counterAddresses(accesses);
  const repeated = repeatedReads(concurrent);
  const overdue = overdueStores(trace);
  const quiet = quietSections(trace);
  const mustStay = (event: AccessEvent): boolean => isRemarkable(event) || about(event) || overdue.has(event);
  const reasonBut = (event: AccessEvent): string | null => {
    const { kind, address } = event;
    if (mustStay(event)) return null;
    if (kind === Kind.Fence) return trace.memory === 'sc' ? Reason.Barrier : null;
    if (kind === Kind.Relax) return Reason.Barrier;
    if (quiet.has(event)) return Reason.Barrier;
    if (address === 0) return null;
    if (!shared.has(address)) return Reason.Private;
    if (counters.has(address)) return Reason.Counter;
    return repeated.has(event) ? Reason.Repeated : null;
  };
  const idle = idleLocks(trace, event => reasonBut(event) === null);
  const concern = lockConcern(trace);
  const reasonToHide = (event: AccessEvent): string | null => {
    if (!isLocking(event)) return reasonBut(event);
    // A chain names exactly what the violation is about.
    if (concern === 'all' && idle.has(event) && !isRemarkable(event)) return Reason.Order;
    if (idle.has(event) && !mustStay(event)) return Reason.Uncontended;
    return concern === 'none' ? reasonBut(event) : null;
  };
  const hidden = new Map<string, number>();
  const events = concurrent.filter(event => {
    if (event.type !== 'access') return event.type !== 'operation' || event.begin;
    const reason = reasonToHide(event);
    if (reason !== null) hidden.set(reason, (hidden.get(reason) ?? 0) + 1);
    return reason === null;
  });
  return { events, hidden: [...hidden] };
}

/** Stale, delayed, failed: the machine did something here that a reader must know of. */
function isRemarkable(event: AccessEvent): boolean {
  const failed = event.failed && event.kind === Kind.Alloc;
  const forced = event.visible.some(one => one.address !== event.address || one.cpu !== event.cpu);
  return event.stale > 0 || forced || event.cached || !event.executed || failed;
}

/** Stores to the violation's object that are still delayed at the end. */
function overdueStores(trace: Trace): ReadonlySet<AccessEvent> {
  const object = objectOf(trace.violation?.location ?? '');
  const left = delaySpans(trace).filter(({ to }) => to === trace.events.length);
  return new Set(left.map(({ event }) => event).filter(({ location }) => objectOf(location) === object));
}

/**
 * Whether an access is to what the violation is about: the location; and where all of it happened on one CPU, the
 * whole object, or there would be nothing to see.
 */
function concerned(accesses: readonly AccessEvent[], trace: Trace): (event: AccessEvent) => boolean {
  const { violation } = trace;
  if (violation === null) return () => false;
  const last = accesses.findLast(event => event.cpu === violation.cpu && event.address !== 0);
  const addresses = new Set([violation.address, last?.address ?? 0]);
  addresses.delete(0);
  const alone = new Set(accesses.map(event => event.cpu)).size === 1;
  const object = alone
    ? objectOf(violation.location === '' ? (last?.location ?? '') : violation.location)
    : '';
  return event => addresses.has(event.address) || (object !== '' && objectOf(event.location) === object);
}

/** `pages[0].tags[1]` -> `pages[0]` */
export function objectOf(location: string): string {
  const dot = location.indexOf('.');
  return dot < 0 ? location : location.slice(0, dot);
}

/** Locations that two CPUs touch, at least one of them writing. */
function sharedAddresses(accesses: readonly AccessEvent[]): ReadonlySet<number> {
  const touched = new Map<number, { readonly cpus: Set<number>; written: boolean }>();
  for (const event of accesses) {
    if (event.address === 0) continue;
    const known = touched.get(event.address) ?? { cpus: new Set<number>(), written: false };
    known.cpus.add(event.cpu);
    known.written ||= !readKinds.has(event.kind);
    touched.set(event.address, known);
  }
  return new Set(
    [...touched].flatMap(([address, { cpus, written }]) => (cpus.size > 1 && written ? [address] : [])),
  );
}

/** Words that are only set and added to; to add was never refused. */
function counterAddresses(accesses: readonly AccessEvent[]): ReadonlySet<number> {
  const counters = new Set<number>();
  const others = new Set<number>();
  for (const { address, kind, op, failed } of accesses) {
    const adds = op === RmwOp.Add || (op === RmwOp.AddUnless && !failed);
    if (kind === Kind.Rmw && adds) counters.add(address);
    else if (kind !== Kind.Store) others.add(address);
  }
  for (const address of others) counters.delete(address);
  return counters;
}

/** Loads of a word by a CPU that knows it: it read or wrote it before, and nobody wrote it since. */
function repeatedReads(events: readonly TraceEvent[]): ReadonlySet<AccessEvent> {
  const found = new Set<AccessEvent>();
  /** Per address, what is known of it: by whom, and for single bits which. */
  const known = new Map<number, Set<string>>();
  const written = (address: number, cpu: number): void => {
    const left = [...(known.get(address) ?? [])].filter(key => key.startsWith(`${cpu} `));
    known.set(address, new Set(left));
  };
  for (const event of events) {
    if (event.type === 'commit') for (const one of event.visible) written(one.address, one.cpu);
    if (event.type !== 'access') continue;
    const { address, cpu, kind } = event;
    for (const one of event.visible) written(one.address, one.cpu);
    if (!readKinds.has(kind)) written(address, cpu);
    const plain = kind === Kind.Load || kind === Kind.PlainLoad;
    const key = `${cpu} ${(event.order & Order.TestBit) !== 0 ? `bit ${event.a}` : ''}`;
    const keys = known.get(address) ?? new Set<string>();
    if (plain && keys.has(key)) found.add(event);
    if (kind === Kind.Rmw && (event.order & Order.TestBit) === 0 && event.flags.length > 0) keys.clear();
    else keys.add(key);
    known.set(address, keys);
  }
  return found;
}
