import { Kind } from '../engine/access.ts';
import type { AccessEvent, Trace } from '../fuzz/trace.ts';
import { type LockSpan, lockSpans } from './flow/spans.ts';

const lockKinds: ReadonlySet<number> = new Set([
  Kind.Lock,
  Kind.ReadLock,
  Kind.BitLock,
  Kind.Trylock,
  Kind.ReadTrylock,
  Kind.BitTrylock,
]);
const unlockKinds: ReadonlySet<number> = new Set([Kind.Unlock, Kind.ReadUnlock, Kind.BitUnlock]);
const bitKinds: ReadonlySet<number> = new Set([Kind.BitLock, Kind.BitTrylock]);

/** Whether an access takes a lock or gives it back; RCU sections are none. */
export function isLocking({ kind }: AccessEvent): boolean {
  return lockKinds.has(kind) || unlockKinds.has(kind);
}

/** How much of the locks a violation may hang on. */
export type LockConcern =
  /** None: locks are only shown where they protect something that is shown, or were wanted. */
  | 'none'
  /** Those that are held at the end: a deadlock, sleeping in atomic context. */
  | 'held'
  /** All that the violation names, or all: their order, or the context in which they are taken. */
  | 'all';

export function lockConcern(trace: Trace): LockConcern {
  const oracle = trace.violation?.oracle ?? '';
  if (oracle === 'deadlock' || oracle === 'sleeping-in-atomic') return 'held';
  return /lock|atomic|grace/.test(oracle) ? 'all' : 'none';
}

/**
 * The accesses that take and give back a lock which a reader can do without: while it was held no other CPU did anything,
 * or nobody else wanted it and its CPU did nothing that is shown.
 *
 * @param isShown for accesses that are no locking.
 */
export function idleLocks(trace: Trace, isShown: (event: AccessEvent) => boolean): ReadonlySet<AccessEvent> {
  const { events } = trace;
  const concern = lockConcern(trace);
  const idle = new Set<AccessEvent>();
  if (concern === 'all') return chainless(trace);
  const spans = lockSpans(trace).filter(({ event }) => lockKinds.has(event.kind) && !event.setup);
  // Inner ones first: what they hide leaves less inside the outer ones.
  for (const span of spans.sort((a, b) => a.to - a.from - (b.to - b.from))) {
    const end = events[span.to];
    if (end?.type !== 'access' || end.cpu !== span.cpu || end.delayed) continue;
    const inside = events.slice(span.from + 1, span.to).filter(event => event.type === 'access');
    const alone = inside.every(event => event.cpu === span.cpu);
    const empty = inside.every(
      event => event.cpu !== span.cpu || (isLocking(event) ? idle.has(event) : !isShown(event)),
    );
    if (alone || (empty && !isWanted(trace, span))) idle.add(span.event).add(end);
  }
  return idle;
}

/**
 * Whether another CPU tried to take a lock while it was held. One that had to wait takes it with its first access
 * afterwards, as what a CPU is about to do does not change.
 */
function isWanted({ events }: Trace, { cpu, from, to, event: taken }: LockSpan): boolean {
  const wants = (event: AccessEvent): boolean =>
    event.address === taken.address &&
    lockKinds.has(event.kind) &&
    (!bitKinds.has(taken.kind) || !bitKinds.has(event.kind) || event.a === taken.a);
  const next = new Set<number>();
  for (const [i, event] of events.entries()) {
    if (i <= from || event.type !== 'access' || event.cpu === cpu || next.has(event.cpu)) continue;
    if (wants(event)) return true;
    if (i > to) next.add(event.cpu);
  }
  return false;
}

/**
 * Of a lock-order violation the locking of locks that its chain does not name. Nothing if a name of the chain is none of a
 * lock here: then the classes are called otherwise, and everything stays.
 */
function chainless({ events, violation }: Trace): ReadonlySet<AccessEvent> {
  const chain = violation?.details.find(detail => detail.startsWith('chain: '))?.slice('chain: '.length);
  if (violation?.oracle !== 'lock-order' || chain === undefined) return new Set();
  const names = new Set(chain.split(' --> '));
  const locking = events.filter(event => event.type === 'access').filter(isLocking);
  const known = new Set(locking.flatMap(event => namesOf(event).filter(name => names.has(name))));
  if (known.size < names.size) return new Set();
  return new Set(locking.filter(event => !namesOf(event).some(name => names.has(name))));
}

/** What a lock may be called in a chain: its word, its word without indices, its bit, the bit's usual name. */
function namesOf({ kind, a, flags, location }: AccessEvent): readonly string[] {
  const bit = bitKinds.has(kind) || kind === Kind.BitUnlock ? (flags[a] ?? '') : '';
  const plain = location.replace(/\[\d+\]|\d+(?=\.)/g, '');
  return [location, plain, bit, ...(bit === 'PG_locked' ? ['folio_lock'] : [])];
}

/**
 * The accesses that begin and end RCU read sections in which no grace period was waited for. With callbacks, whose grace
 * periods nobody waits for, there are none of these.
 */
export function quietSections({ events }: Trace): ReadonlySet<AccessEvent> {
  const quiet = new Set<AccessEvent>();
  if (events.some(event => event.type === 'grace')) return quiet;
  for (const { from, to, event, cpu } of lockSpans({ events })) {
    if (event.kind !== Kind.RcuReadLock && event.kind !== Kind.SrcuReadLock) continue;
    if (isWaitedFor(events, cpu, from, to)) continue;
    quiet.add(event);
    const end = events[to];
    if (end?.type === 'access') quiet.add(end);
  }
  return quiet;
}

/** Whether another CPU waited for a grace period at some time between two events. */
function isWaitedFor(events: Trace['events'], cpu: number, from: number, to: number): boolean {
  const waiting = new Set<number>();
  for (const [i, event] of events.entries()) {
    if (i > to) return false;
    if (event.type === 'access' && event.cpu !== cpu && event.executed) {
      const { kind } = event;
      if (kind === Kind.SyncRcuStart || kind === Kind.SyncSrcuStart) waiting.add(event.cpu);
      // It waited until it returned.
      else if (waiting.has(event.cpu) && i < from) waiting.delete(event.cpu);
    }
    if (i >= from && waiting.size > 0) return true;
  }
  return false;
}
