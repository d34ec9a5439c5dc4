import { Kind, Order } from '../../engine/access.ts';
import { rmwFails, rmwResult } from '../../engine/memory/memory.ts';
import type { AccessEvent, Trace, Visible } from '../../fuzz/trace.ts';

/** The access that stored a value; null for what was there before any of the trace. */
type Source = AccessEvent | null;

/** How values went through an execution. */
export interface Flow {
  /** Where the value of a read came from. */
  readonly from: ReadonlyMap<AccessEvent, Source>;
  /** What a store replaced when it reached memory, and by which value; not there for a store that never did. */
  readonly over: ReadonlyMap<AccessEvent, { readonly store: Source; readonly value: number | null }>;
}

/** A value that a word had; numbers that the trace does not tell are null. */
interface Version {
  readonly store: Source;
  value: number | null;
}

/** The versions of a word, the oldest first. */
type History = Version[];

/**
 * The store that each read of a trace got its value from, and what each store replaced. A trace tells values and how far a load looked back, not which
 * store that was: this follows memory through the trace, and names a store only if it left the value that was read.
 * Reads of words that something other than an access has changed (poison of freed objects) may be missing.
 */
export function flowOf(trace: Trace): Flow {
  const from = new Map<AccessEvent, Source>();
  const over = new Map<AccessEvent, Version>();
  const memory = new Map<number, History>();
  const delayed: AccessEvent[] = [];
  const walks = new Map<string, Version>();
  const historyOf = (address: number): History => {
    let history = memory.get(address);
    if (history === undefined) memory.set(address, (history = [{ store: null, value: null }]));
    return history;
  };
  const publish = (store: AccessEvent): void => {
    const history = historyOf(store.address);
    const old = history.at(-1) ?? { store: null, value: null };
    const value = valueAfter(store, old.value);
    if (value === undefined) return;
    over.set(store, old);
    history.push({ store, value });
  };
  /** Takes a store that became visible out of the buffer; false if it was not in it. */
  const drain = ({ cpu, address }: Visible): boolean => {
    const at = delayed.findIndex(store => store.cpu === cpu && store.address === address);
    if (at < 0) return false;
    for (const store of delayed.splice(at, 1)) publish(store);
    return true;
  };
  for (const event of trace.events) {
    if (event.type === 'commit') event.visible.forEach(drain);
    if (event.type !== 'access' || !event.executed) continue;
    const late = event.visible.filter(one => !drain(one));
    if (event.address === 0) continue;
    const history = historyOf(event.address);
    const own = delayed.findLast(store => store.cpu === event.cpu && store.address === event.address);
    if (isRead(event)) {
      const key = `${event.cpu} ${event.address}`;
      const version = event.cached
        ? walks.get(key)
        : event.forwarded && own !== undefined
          ? { store: own, value: own.a }
          : versionRead(event, history, trace.memory);
      if (version !== undefined && agrees(version, event)) {
        from.set(event, version.store);
        if (event.kind === Kind.Walk) walks.set(key, version);
        if (version.value === null && !testsBit(event)) version.value = event.result;
      }
    }
    if (event.delayed && late.length === 0) delayed.push(event);
    else publish(event);
  }
  return { from, over };
}

/**
 * The store that gave a read what it saw: of a read that tests a bit the one that last changed that bit, whatever was
 * done to the others since. Undefined if it cannot be told.
 */
export function sourceOf(flow: Flow, read: AccessEvent): Source | undefined {
  let store = flow.from.get(read);
  if (!testsBit(read)) return store;
  const mask = read.kind === Kind.BitTrylock ? 1 << read.a : read.a;
  while (store !== null && store !== undefined && !changes(store, mask, flow.over.get(store)?.value ?? null))
    store = flow.over.get(store)?.store;
  return store;
}

/** Whether a store changed the bits of a mask, `old` being the value that it replaced. */
function changes(store: AccessEvent, mask: number, old: number | null): boolean {
  const value = valueAfter(store, old);
  if (old !== null && value !== null && value !== undefined) return (old & mask) !== (value & mask);
  if (store.kind === Kind.Store || store.kind === Kind.PlainStore) return true;
  const own = store.kind === Kind.Rmw ? store.a : 1 << store.a;
  return (own & mask) !== 0;
}

const readKinds: ReadonlySet<number> = new Set([
  Kind.Load,
  Kind.PlainLoad,
  Kind.Wait,
  Kind.Walk,
  Kind.Rmw,
  Kind.BitTrylock,
]);

/** Whether an access reads a word for its value; taking a lock does not. */
export function isRead({ kind }: AccessEvent): boolean {
  return readKinds.has(kind);
}

/** Whether an access changes a word, as a store, a read-modify-write or a bit lock does. */
export function isWrite(event: AccessEvent): boolean {
  return valueAfter(event, null) !== undefined;
}

function testsBit(event: AccessEvent): boolean {
  return event.kind === Kind.BitTrylock || (event.order & Order.TestBit) !== 0;
}

/** Under `lkmm` a store may be placed before others, and the trace does not say how far: then the value must tell. */
function versionRead(event: AccessEvent, history: History, memory: string): Version | undefined {
  const version = history.at(-1 - event.stale);
  if (memory !== 'lkmm' || !history.some(one => one.store?.delayed === true)) return version;
  const fitting = history.filter(one => one.value !== null && agrees(one, event));
  return fitting.length === 1 ? fitting[0] : undefined;
}

function agrees({ value }: Version, event: AccessEvent): boolean {
  if (value === null) return true;
  if (event.kind === Kind.BitTrylock) return (event.result === 0) === ((value & (1 << event.a)) !== 0);
  if (testsBit(event)) return ((value & event.a) !== 0) === (event.result !== 0);
  return value === event.result;
}

/** The value that an access leaves; null if the trace cannot tell, undefined if it leaves the word alone. */
function valueAfter(event: AccessEvent, old: number | null): number | null | undefined {
  const { kind, op, a, b, result } = event;
  switch (kind) {
    case Kind.Store:
    case Kind.PlainStore:
      return a;
    case Kind.BitTrylock:
      if (result === 0) return undefined;
      return old === null ? null : old | (1 << a);
    case Kind.BitLock:
      return old === null ? null : old | (1 << a);
    case Kind.BitUnlock:
      return old === null ? null : old & ~(1 << a);
    case Kind.Rmw: {
      if (event.failed) return undefined;
      const was = old ?? (testsBit(event) ? null : result);
      if (was === null) return null;
      return rmwFails(op, was, b) ? undefined : rmwResult(op, was, a, b);
    }
    default:
      return undefined;
  }
}
