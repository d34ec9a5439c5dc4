import { Fence, Kind } from '../engine/access.ts';
import type { AccessEvent, Trace, TraceEvent } from '../fuzz/trace.ts';

/** What a diagram shows of a trace, and how much it leaves out. */
export interface Relevant {
  readonly events: readonly TraceEvent[];
  /** Accesses left out, by reason, for the line under the diagram. */
  readonly private: number;
  readonly other: number;
}

const unaddressed: ReadonlySet<number> = new Set([
  Kind.Fence,
  Kind.Relax,
  Kind.RcuReadLock,
  Kind.RcuReadUnlock,
]);

/**
 * Leaves out what a reader of the race need not see: accesses to locations that one CPU alone touches (unless the
 * violation is about them), barriers under a model that needs none, RCU sections that nobody waits for, retries.
 * Setup and the ends of operations are left to the headings.
 */
export function relevant(trace: Trace): Relevant {
  const concurrent = trace.events.filter(event => !event.setup);
  const accesses = concurrent.filter(event => event.type === 'access');
  const shared = sharedAddresses(accesses, trace);
  const weak = trace.memory !== 'sc';
  const gracePeriods = accesses.some(({ kind }) => kind === Kind.SyncRcuStart || kind === Kind.SyncSrcuStart);
  let privateOnes = 0;
  let other = 0;
  const events = concurrent.filter(event => {
    if (event.type !== 'access') return event.type !== 'operation' || event.begin;
    if (isRemarkable(event)) return true;
    const { kind } = event;
    let shows: boolean;
    if (kind === Kind.Fence) shows = weak && (event.a !== Fence.Rmb || touchesAfter(event, accesses, shared));
    else if (kind === Kind.Relax) shows = false;
    else if (kind === Kind.RcuReadLock || kind === Kind.RcuReadUnlock) shows = gracePeriods;
    else if (kind === Kind.SrcuReadLock || kind === Kind.SrcuReadUnlock) shows = gracePeriods;
    else if (event.address === 0) shows = true;
    else {
      shows = shared.has(event.address);
      if (!shows) privateOnes++;
      return shows;
    }
    if (!shows) other++;
    return shows;
  });
  return { events, private: privateOnes, other };
}

/** Stale, delayed, failed: the machine did something here that a reader must know of. */
function isRemarkable(event: AccessEvent): boolean {
  return (
    event.stale > 0 ||
    event.visible.length > 0 ||
    event.cached ||
    !event.executed ||
    (event.failed && event.kind === Kind.Alloc)
  );
}

/** Locations that two CPUs touch, at least one of them writing, and those that the violation is about. */
function sharedAddresses(accesses: readonly AccessEvent[], trace: Trace): ReadonlySet<number> {
  const touched = new Map<number, { cpus: Set<number>; written: boolean }>();
  for (const event of accesses) {
    if (event.address === 0 || unaddressed.has(event.kind)) continue;
    const known = touched.get(event.address) ?? { cpus: new Set<number>(), written: false };
    known.cpus.add(event.cpu);
    known.written ||= writes(event);
    touched.set(event.address, known);
  }
  const shared = new Set(
    [...touched].filter(([, { cpus, written }]) => cpus.size > 1 && written).map(([address]) => address),
  );
  const { violation } = trace;
  if (violation !== null && violation.address !== 0) shared.add(violation.address);
  const last = accesses.findLast(event => event.cpu === violation?.cpu && event.address !== 0);
  if (violation !== null && last !== undefined) shared.add(last.address);
  return shared;
}

function writes(event: AccessEvent): boolean {
  const { kind } = event;
  return (
    kind !== Kind.Load &&
    kind !== Kind.PlainLoad &&
    kind !== Kind.Wait &&
    kind !== Kind.Walk &&
    kind !== Kind.IsLocked
  );
}

/** Whether the CPU of a barrier reads something shared after it. */
function touchesAfter(
  fence: AccessEvent,
  accesses: readonly AccessEvent[],
  shared: ReadonlySet<number>,
): boolean {
  return accesses
    .slice(accesses.indexOf(fence) + 1)
    .some(event => event.cpu === fence.cpu && shared.has(event.address));
}
