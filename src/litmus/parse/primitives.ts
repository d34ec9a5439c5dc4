// What each kernel primitive means: the table from names to accesses and fences, after the kernel's
// tools/memory-model/linux-kernel.def and Documentation/herd-representation.txt.

import type { FenceKind, LoadOrder, RmwOperation, RmwOrder, StoreOrder } from '../program.ts';

/**
 * How a call is lowered. `lvalue` primitives take the object (`READ_ONCE(*p)`), the others a pointer to it.
 * `pointer` is the position of the pointer among the arguments.
 */
export type Primitive =
  | { readonly kind: 'load'; readonly order: LoadOrder; readonly lvalue: boolean }
  | {
      readonly kind: 'store';
      readonly order: StoreOrder;
      readonly lvalue: boolean;
      readonly fence: FenceKind | null;
    }
  | { readonly kind: 'fence'; readonly fence: FenceKind }
  | {
      readonly kind: 'rmw';
      readonly operation: RmwOperation;
      readonly order: RmwOrder;
      /** The constant of inc and dec; null when the operand is an argument. */
      readonly operand: number | null;
      readonly pointer: number;
      readonly result: 'old' | 'new' | 'zero' | 'negative' | 'none';
    }
  | { readonly kind: 'cmpxchg'; readonly order: RmwOrder }
  | { readonly kind: 'add-unless'; readonly notZero: boolean }
  | { readonly kind: 'lock' | 'unlock' | 'trylock' | 'is-locked' }
  | { readonly kind: 'srcu-lock' | 'srcu-unlock' | 'sync-srcu' };

const fixed = new Map<string, Primitive>([
  ['READ_ONCE', { kind: 'load', order: 'once', lvalue: true }],
  ['ACCESS_ONCE', { kind: 'load', order: 'once', lvalue: true }],
  ['rcu_dereference', { kind: 'load', order: 'once', lvalue: true }],
  ['smp_load_acquire', { kind: 'load', order: 'acquire', lvalue: false }],
  ['WRITE_ONCE', { kind: 'store', order: 'once', lvalue: true, fence: null }],
  ['rcu_assign_pointer', { kind: 'store', order: 'release', lvalue: true, fence: null }],
  ['smp_store_release', { kind: 'store', order: 'release', lvalue: false, fence: null }],
  ['smp_store_mb', { kind: 'store', order: 'once', lvalue: true, fence: 'mb' }],
  ['smp_mb', { kind: 'fence', fence: 'mb' }],
  ['smp_rmb', { kind: 'fence', fence: 'rmb' }],
  ['smp_wmb', { kind: 'fence', fence: 'wmb' }],
  ['barrier', { kind: 'fence', fence: 'barrier' }],
  ['smp_mb__before_atomic', { kind: 'fence', fence: 'before-atomic' }],
  ['smp_mb__after_atomic', { kind: 'fence', fence: 'after-atomic' }],
  ['smp_mb__after_spinlock', { kind: 'fence', fence: 'after-spinlock' }],
  ['smp_mb__after_unlock_lock', { kind: 'fence', fence: 'after-unlock-lock' }],
  ['smp_mb__after_srcu_read_unlock', { kind: 'fence', fence: 'after-srcu-read-unlock' }],
  ['rcu_read_lock', { kind: 'fence', fence: 'rcu-lock' }],
  ['rcu_read_unlock', { kind: 'fence', fence: 'rcu-unlock' }],
  ['synchronize_rcu', { kind: 'fence', fence: 'sync-rcu' }],
  ['synchronize_rcu_expedited', { kind: 'fence', fence: 'sync-rcu' }],
  ['spin_lock', { kind: 'lock' }],
  ['raw_spin_lock', { kind: 'lock' }],
  ['spin_unlock', { kind: 'unlock' }],
  ['raw_spin_unlock', { kind: 'unlock' }],
  ['spin_trylock', { kind: 'trylock' }],
  ['raw_spin_trylock', { kind: 'trylock' }],
  ['spin_is_locked', { kind: 'is-locked' }],
  ['raw_spin_is_locked', { kind: 'is-locked' }],
  ['srcu_read_lock', { kind: 'srcu-lock' }],
  ['srcu_down_read', { kind: 'srcu-lock' }],
  ['srcu_read_unlock', { kind: 'srcu-unlock' }],
  ['srcu_up_read', { kind: 'srcu-unlock' }],
  ['synchronize_srcu', { kind: 'sync-srcu' }],
  ['synchronize_srcu_expedited', { kind: 'sync-srcu' }],
]);

const orders: Record<string, RmwOrder> = {
  '': 'full',
  acquire: 'acquire',
  release: 'release',
  relaxed: 'relaxed',
};

function operationOf(word: string): RmwOperation | null {
  switch (word) {
    case 'add':
    case 'inc':
      return 'add';
    case 'sub':
    case 'dec':
      return 'sub';
    case 'and':
    case 'or':
    case 'xor':
    case 'andnot':
      return word;
    default:
      return null;
  }
}

/** xchg and cmpxchg, plain or on atomic_t: the pointer comes first. */
function exchange(word: string, order: RmwOrder): Primitive | null {
  if (word === 'xchg')
    return { kind: 'rmw', operation: 'xchg', order, operand: null, pointer: 0, result: 'old' };
  if (word === 'cmpxchg') return { kind: 'cmpxchg', order };
  return null;
}

/** The part of an atomic_t operation's name after `atomic_`: `add`, `fetch_inc_relaxed`, `dec_and_test`. */
function atomic(name: string): Primitive | null {
  switch (name) {
    case 'read':
      return { kind: 'load', order: 'once', lvalue: false };
    case 'read_acquire':
      return { kind: 'load', order: 'acquire', lvalue: false };
    case 'set':
      return { kind: 'store', order: 'once', lvalue: false, fence: null };
    case 'set_release':
      return { kind: 'store', order: 'release', lvalue: false, fence: null };
    case 'add_unless':
      return { kind: 'add-unless', notZero: false };
    case 'inc_not_zero':
      return { kind: 'add-unless', notZero: true };
  }
  const match = /^(fetch_)?([a-z]+?)(_return|_and_test|_negative)?(?:_(relaxed|acquire|release))?$/.exec(
    name,
  );
  if (match === null) return null;
  const [, fetch, word = '', form, suffix = ''] = match;
  const order = orders[suffix] ?? 'full';
  if (fetch === undefined && form === undefined) {
    const exchanged = exchange(word, order);
    if (exchanged !== null) return exchanged;
  }
  const operation = operationOf(word);
  if (operation === null) return null;
  const constant = word === 'inc' || word === 'dec';
  const operand = constant ? 1 : null;
  const pointer = constant ? 0 : 1;
  if (fetch !== undefined) {
    if (form !== undefined) return null;
    return { kind: 'rmw', operation, order, operand, pointer, result: 'old' };
  }
  switch (form) {
    case '_return':
      return { kind: 'rmw', operation, order, operand, pointer, result: 'new' };
    case '_and_test':
      return { kind: 'rmw', operation, order, operand, pointer, result: 'zero' };
    case '_negative':
      return word === 'add' ? { kind: 'rmw', operation, order, operand, pointer, result: 'negative' } : null;
    default:
      return suffix === ''
        ? { kind: 'rmw', operation, order: 'noreturn', operand, pointer, result: 'none' }
        : null;
  }
}

/** What a function of this name does, or null when it is none that litmus tests may call. */
export function primitive(name: string): Primitive | null {
  const known = fixed.get(name);
  if (known !== undefined) return known;
  const onAtomic = /^atomic(?:64|_long)?_(\w+)$/.exec(name);
  if (onAtomic !== null) return atomic(onAtomic[1] ?? '');
  const exchanged = /^(xchg|cmpxchg)(?:_(relaxed|acquire|release))?$/.exec(name);
  if (exchanged !== null) return exchange(exchanged[1] ?? '', orders[exchanged[2] ?? ''] ?? 'full');
  return null;
}

/** How many arguments a primitive takes. */
export function arity(p: Primitive): number {
  switch (p.kind) {
    case 'load':
      return 1;
    case 'store':
      return 2;
    case 'fence':
      return 0;
    case 'rmw':
      return p.operand === null ? 2 : 1;
    case 'cmpxchg':
      return 3;
    case 'add-unless':
      return p.notZero ? 1 : 3;
    case 'srcu-unlock':
      return 2;
    default:
      return 1;
  }
}
