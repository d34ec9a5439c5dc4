import { Fence, Kind, Order, RmwOp } from '../engine/access.ts';
import type { AccessEvent } from '../fuzz/trace.ts';
import type { Spell } from './location.ts';

const fences: Readonly<Record<number, string>> = {
  [Fence.Rmb]: 'smp_rmb()',
  [Fence.Wmb]: 'smp_wmb()',
  [Fence.Mb]: 'smp_mb()',
  [Fence.MbBeforeAtomic]: 'smp_mb__before_atomic()',
  [Fence.MbAfterAtomic]: 'smp_mb__after_atomic()',
  [Fence.MbAfterSpinlock]: 'smp_mb__after_spinlock()',
  [Fence.MbAfterUnlockLock]: 'smp_mb__after_unlock_lock()',
};

/** Functions that take and give back a lock, by its type: exclusive, then shared. */
const lockVerbs: Readonly<
  Record<string, readonly [lock: string, unlock: string, readLock: string, readUnlock: string]>
> = {
  spinlock: ['spin_lock', 'spin_unlock', 'spin_lock', 'spin_unlock'],
  'raw spinlock': ['raw_spin_lock', 'raw_spin_unlock', 'raw_spin_lock', 'raw_spin_unlock'],
  rwlock: ['write_lock', 'write_unlock', 'read_lock', 'read_unlock'],
  mutex: ['mutex_lock', 'mutex_unlock', 'mutex_lock', 'mutex_unlock'],
  rwsem: ['down_write', 'up_write', 'down_read', 'up_read'],
};

/** An access in kernel spelling, with its result: `test_and_set_bit(PG_mte_lock, &page->flags) -> 0`. */
export function accessText(event: AccessEvent, spell: Spell): string {
  const { text, returns } = spelled(event, spell);
  if (!event.executed || returns === null) return text;
  return `${text} ${returns}`;
}

interface Spelled {
  readonly text: string;
  /** What follows the call: `-> 0`, `= 5`; null if it returns nothing. */
  readonly returns: string | null;
}

function spelled(event: AccessEvent, spell: Spell): Spelled {
  const { kind, order, shown } = event;
  const at = spell(event.location);
  const ref = `&${at}`;
  const [lock, unlock, readLock, readUnlock] = lockVerbs[event.lockType] ?? [
    'lock',
    'unlock',
    'read_lock',
    'read_unlock',
  ];
  const taken = `-> ${event.result}`;
  switch (kind) {
    case Kind.Load:
      if ((order & Order.TestBit) !== 0) {
        const name = (order & Order.Acquire) !== 0 ? 'test_bit_acquire' : 'test_bit';
        return { text: `${name}(${bits(event, event.a)}, ${ref})`, returns: `-> ${event.result}` };
      }
      if ((order & Order.Acquire) !== 0)
        return { text: `smp_load_acquire(${ref})`, returns: `= ${shown.result}` };
      if ((order & Order.Pointer) !== 0)
        return { text: `rcu_dereference(${at})`, returns: `= ${shown.result}` };
      return { text: `READ_ONCE(${at})`, returns: `= ${shown.result}` };
    case Kind.Store:
      if ((order & Order.Release) !== 0)
        return { text: `smp_store_release(${ref}, ${shown.a})`, returns: null };
      return { text: `WRITE_ONCE(${at}, ${shown.a})`, returns: null };
    case Kind.PlainLoad:
      return { text: `read ${at}`, returns: `= ${shown.result}` };
    case Kind.PlainStore:
      return { text: `${at} = ${shown.a}`, returns: null };
    case Kind.Rmw:
      return rmw(event, ref);
    case Kind.Fence:
      return { text: fences[event.a] ?? 'barrier()', returns: null };
    case Kind.Lock:
      return { text: `${lock}(${ref})`, returns: null };
    case Kind.ReadLock:
      return { text: `${readLock}(${ref})`, returns: null };
    case Kind.Unlock:
      return {
        text: `${unlock}${event.a === 1 ? '_irq' : event.a === 2 ? '_bh' : ''}(${ref})`,
        returns: null,
      };
    case Kind.ReadUnlock:
      return { text: `${readUnlock}(${ref})`, returns: null };
    case Kind.Trylock:
    case Kind.ReadTrylock: {
      const verb = kind === Kind.Trylock ? lock : readLock;
      const name = /^(down|mutex|spin|raw_spin|read|write)/.test(verb) ? verb.replace(/_lock$/, '') : verb;
      return { text: `${name}_trylock(${ref})`, returns: taken };
    }
    case Kind.IsLocked:
      return { text: `spin_is_locked(${ref})`, returns: taken };
    case Kind.BitLock:
      return {
        text: `${isFolioLock(event) ? 'folio_lock' : 'bit_spin_lock'}(${bitName(event, event.a)}, ${ref})`,
        returns: null,
      };
    case Kind.BitTrylock:
      return { text: `folio_trylock(${bitName(event, event.a)}, ${ref})`, returns: taken };
    case Kind.BitUnlock:
      return {
        text: `${isFolioLock(event) ? 'folio_unlock' : 'bit_spin_unlock'}(${bitName(event, event.a)}, ${ref})`,
        returns: null,
      };
    case Kind.Wait:
      return wait(event, at, ref);
    case Kind.RcuReadLock:
      return { text: 'rcu_read_lock()', returns: null };
    case Kind.RcuReadUnlock:
      return { text: 'rcu_read_unlock()', returns: null };
    case Kind.SyncRcuStart:
      if (event.a !== 0) return { text: `call_rcu(${event.location})`, returns: null };
      return { text: `${event.b === 0 ? 'synchronize_rcu' : 'rcu_barrier'}() begins`, returns: null };
    case Kind.SyncRcuEnd:
      return { text: `${event.b === 0 ? 'synchronize_rcu' : 'rcu_barrier'}() returns`, returns: null };
    case Kind.SrcuReadLock:
      return { text: `srcu_read_lock(&${at})`, returns: null };
    case Kind.SrcuReadUnlock:
      return { text: `srcu_read_unlock(&${at})`, returns: null };
    case Kind.SyncSrcuStart:
      return { text: `synchronize_srcu(&${at}) begins`, returns: null };
    case Kind.SyncSrcuEnd:
      return { text: 'synchronize_srcu() returns', returns: null };
    case Kind.Alloc:
      return { text: `kmalloc(${at})`, returns: `-> ${spell(shown.result)}` };
    case Kind.Free:
      return { text: `kfree(${at})`, returns: null };
    case Kind.Walk:
      return { text: `walk ${at}`, returns: `= ${shown.result}` };
    case Kind.FlushTlb:
      return { text: `flush_tlb${['', '_ipi', '_local'][event.b] ?? ''}(${at})`, returns: null };
    case Kind.Relax:
      return { text: 'cpu_relax()', returns: null };
    default:
      return { text: `access of kind ${kind}`, returns: null };
  }
}

function rmw(event: AccessEvent, ref: string): Spelled {
  const { op, order, shown, a } = event;
  const returns = `-> ${shown.result}`;
  const suffix =
    (order & Order.Acquire) !== 0
      ? '_acquire'
      : (order & Order.Release) !== 0
        ? '_release'
        : orderSuffix(order);
  const silent = (order & Order.Void) !== 0;
  const oneBit = (order & Order.TestBit) !== 0 || (event.flags.length > 0 && isPowerOfTwo(a));
  switch (op) {
    case RmwOp.Xchg:
      return { text: `xchg${suffix}(${ref}, ${shown.a})`, returns };
    case RmwOp.Cmpxchg:
      return { text: `cmpxchg${suffix}(${ref}, ${shown.b}, ${shown.a})`, returns };
    case RmwOp.Add:
      if (silent) {
        const text =
          a === 1 ? `atomic_inc(${ref})` : a === -1 ? `atomic_dec(${ref})` : `atomic_add(${a}, ${ref})`;
        return { text, returns: null };
      }
      return { text: `atomic_fetch_add${suffix}(${a}, ${ref})`, returns };
    case RmwOp.AddUnless:
      return { text: `atomic_fetch_add_unless${suffix}(${ref}, ${a}, ${event.b})`, returns };
    case RmwOp.OrUnlessSet:
      return { text: `test_and_set_bit_lock(${bits(event, a)}, ${ref})`, returns };
    default: {
      const [verb, atomic] =
        op === RmwOp.Or ? ['set', 'or'] : op === RmwOp.AndNot ? ['clear', 'andnot'] : ['change', 'xor'];
      if (!oneBit) {
        const text = silent
          ? `atomic_${atomic}(${shown.a}, ${ref})`
          : `atomic_fetch_${atomic}${suffix}(${shown.a}, ${ref})`;
        return { text, returns: silent ? null : returns };
      }
      if (!silent) return { text: `test_and_${verb}_bit${suffix}(${bits(event, a)}, ${ref})`, returns };
      const unlock = (order & Order.Release) !== 0 ? '_unlock' : '';
      return { text: `${verb}_bit${unlock}(${bits(event, a)}, ${ref})`, returns: null };
    }
  }
}

function orderSuffix(order: number): string {
  return (order & Order.Full) !== 0 ? '' : '_relaxed';
}

function wait(event: AccessEvent, at: string, ref: string): Spelled {
  const { a: mask, b: want, order } = event;
  const oneBit = isPowerOfTwo(mask);
  // A wait for one bit says all about the value it ended with.
  const returns = oneBit ? null : `-> ${event.shown.result}`;
  const bit = bits(event, mask);
  if ((order & Order.Acquire) !== 0) {
    const whole = mask === -1 ? `VAL == ${event.shown.b}` : `(VAL & ${event.shown.a}) == ${event.shown.b}`;
    const condition = oneBit ? (want === 0 ? `!(VAL & ${bit})` : `VAL & ${bit}`) : whole;
    return { text: `smp_cond_load_acquire(${ref}, ${condition})`, returns };
  }
  if (oneBit) return { text: `while (${want === 0 ? '' : '!'}test_bit(${bit}, ${ref}));`, returns };
  return { text: `while ((READ_ONCE(${at}) & ${event.shown.a}) != ${event.shown.b});`, returns };
}

function isFolioLock(event: AccessEvent): boolean {
  return event.kind === Kind.BitTrylock || event.order === FOLIO_LOCK;
}

/** `LockType.FolioLock`, which a bit lock carries as its order. */
const FOLIO_LOCK = 7;

function isPowerOfTwo(mask: number): boolean {
  return mask !== 0 && (mask & (mask - 1)) === 0;
}

function bitName(event: AccessEvent, bit: number): string {
  return event.flags[bit] ?? String(bit);
}

/** The name of the only bit of a mask, or of all its bits. */
function bits(event: AccessEvent, mask: number): string {
  if (isPowerOfTwo(mask)) return bitName(event, 31 - Math.clz32(mask));
  return event.shown.a;
}

/** What is remarkable about an access: `(stale, newest 0)`, `(delayed)`; empty if nothing. */
export function accessMarks(event: AccessEvent): string {
  const marks: string[] = [];
  if (event.stale > 0) marks.push(`stale, newest ${event.shown.newest}`);
  if (event.delayed) marks.push('delayed');
  if (event.forwarded && event.shown.result !== event.shown.newest)
    marks.push("this CPU's own delayed store");
  if (event.cached) marks.push('from the TLB');
  if (event.failed) marks.push('fails');
  return marks.length === 0 ? '' : `(${marks.join('; ')})`;
}
