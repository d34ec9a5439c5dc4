import { Kind } from '../../engine/access.ts';
import type { AccessEvent, Trace, TraceEvent } from '../../fuzz/trace.ts';

/** Something that lasts: from one event of a trace to another, by their numbers in `Trace.events`. */
export interface Span {
  readonly cpu: number;
  readonly from: number;
  /** The event that ended it; the number of events if nothing did. */
  readonly to: number;
  readonly event: AccessEvent;
}

/** What a lock is, from taking it to giving it back. */
export interface LockSpan extends Span {
  /** `PG_locked in pages[0].flags`, `mm.mmap_lock`, `RCU section`. */
  readonly name: string;
  readonly shared: boolean;
}

const bitKinds: ReadonlySet<number> = new Set([Kind.BitLock, Kind.BitTrylock, Kind.BitUnlock]);

/** What is taken by an access of some kind, and given back by another on the same word. */
const pairs: ReadonlyMap<number, { readonly end: number; readonly shared: boolean }> = new Map([
  [Kind.Lock, { end: Kind.Unlock, shared: false }],
  [Kind.Trylock, { end: Kind.Unlock, shared: false }],
  [Kind.ReadLock, { end: Kind.ReadUnlock, shared: true }],
  [Kind.ReadTrylock, { end: Kind.ReadUnlock, shared: true }],
  [Kind.BitLock, { end: Kind.BitUnlock, shared: false }],
  [Kind.BitTrylock, { end: Kind.BitUnlock, shared: false }],
  [Kind.RcuReadLock, { end: Kind.RcuReadUnlock, shared: true }],
  [Kind.SrcuReadLock, { end: Kind.SrcuReadUnlock, shared: true }],
]);

/** Locks and RCU read sections, in the order in which they were taken. A lock may be given back by another CPU. */
export function lockSpans({ events }: Pick<Trace, 'events'>): readonly LockSpan[] {
  const spans: LockSpan[] = [];
  for (const [from, event] of events.entries()) {
    if (event.type !== 'access' || !event.executed || isRefused(event)) continue;
    const pair = pairs.get(event.kind);
    if (pair === undefined) continue;
    const to = endOf(events, from, event, pair.end);
    spans.push({ cpu: event.cpu, from, to, event, name: nameOf(event), shared: pair.shared });
  }
  return spans;
}

/** A trylock that did not get its lock. */
function isRefused({ kind, result }: AccessEvent): boolean {
  return (kind === Kind.Trylock || kind === Kind.ReadTrylock || kind === Kind.BitTrylock) && result === 0;
}

function endOf(events: readonly TraceEvent[], from: number, taken: AccessEvent, end: number): number {
  // Sections nest; of a lock that is shared each CPU gives its own back.
  let depth = 1;
  const ends = (own: boolean): number => {
    for (let i = from + 1; i < events.length; i++) {
      const event = events[i];
      if (event?.type !== 'access' || !event.executed || !sameLock(event, taken)) continue;
      if (own && event.cpu !== taken.cpu) continue;
      if (event.kind === taken.kind && !isRefused(event)) depth++;
      if (event.kind === end && --depth === 0) return i;
    }
    return events.length;
  };
  const own = ends(true);
  if (own < events.length || pairs.get(taken.kind)?.shared === true) return own;
  depth = 1;
  return ends(false);
}

function sameLock(one: AccessEvent, other: AccessEvent): boolean {
  if (one.kind === Kind.RcuReadLock || one.kind === Kind.RcuReadUnlock) return other.address === one.address;
  const sameBit = !bitKinds.has(other.kind) || (bitKinds.has(one.kind) && one.a === other.a);
  return one.address === other.address && one.location === other.location && sameBit;
}

function nameOf({ kind, a, flags, location }: AccessEvent): string {
  if (kind === Kind.RcuReadLock) return 'RCU section';
  if (kind === Kind.SrcuReadLock) return `SRCU section of ${location}`;
  return bitKinds.has(kind) ? `${flags[a] ?? `bit ${a}`} in ${location}` : location;
}

/** Delayed stores, from where they were made to where they became visible. */
export function delaySpans({ events }: Trace): readonly Span[] {
  const spans: Span[] = [];
  const open: Omit<Span, 'to'>[] = [];
  const close = (cpu: number, address: number, to: number): void => {
    const at = open.findIndex(one => one.cpu === cpu && one.event.address === address);
    for (const span of at < 0 ? [] : open.splice(at, 1)) spans.push({ ...span, to });
  };
  for (const [i, event] of events.entries()) {
    if (event.type !== 'access' && event.type !== 'commit') continue;
    if (event.type === 'access' && event.delayed) open.push({ cpu: event.cpu, from: i, event });
    for (const one of event.visible) close(one.cpu, one.address, i);
  }
  return [...spans, ...open.map(span => ({ ...span, to: events.length }))].sort((a, b) => a.from - b.from);
}
