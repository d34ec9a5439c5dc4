// A litmus test as data: memory, processes and the question about final states. This is the stable interface
// between the reader and whatever runs the test: the exhaustive lkmm search, the operational machine, or
// the engine's memory models through an interpreter of these statements.
//
// Dependencies are explicit: an access depends by address on the registers of its `address`, by data on those
// of its `value` or `operand`, by control on those of the conditions of the `if`s it stands in (and not of `if`s
// that ended before it: Documentation/memory-barriers.txt, "control dependencies").

/** A place in the litmus file, from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export type UnaryOperator = '!' | '~' | '-';
export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '&'
  | '|'
  | '^'
  | '<<'
  | '>>'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '&&'
  | '||';

/** A value computed from registers only; memory is read by statements. */
export type Expr =
  | { readonly kind: 'const'; readonly value: number }
  | { readonly kind: 'register'; readonly register: number }
  | { readonly kind: 'unary'; readonly op: UnaryOperator; readonly operand: Expr }
  | { readonly kind: 'binary'; readonly op: BinaryOperator; readonly left: Expr; readonly right: Expr }
  | { readonly kind: 'select'; readonly condition: Expr; readonly taken: Expr; readonly otherwise: Expr };

export type LoadOrder = 'plain' | 'once' | 'acquire';
export type StoreOrder = 'plain' | 'once' | 'release';
/** `full`: ordered like smp_mb() before and after, when it succeeds; `noreturn`: relaxed, and no load for smp_rmb(). */
export type RmwOrder = 'full' | 'acquire' | 'release' | 'relaxed' | 'noreturn';
export type RmwOperation = 'xchg' | 'add' | 'sub' | 'and' | 'or' | 'xor' | 'andnot';

export type FenceKind =
  | 'mb'
  | 'rmb'
  | 'wmb'
  | 'barrier'
  | 'before-atomic'
  | 'after-atomic'
  | 'after-spinlock'
  | 'after-unlock-lock'
  | 'after-srcu-read-unlock'
  | 'rcu-lock'
  | 'rcu-unlock'
  | 'sync-rcu';

/**
 * One step of a process. `register` receives the result; -1 drops it. Lock words hold 0 (free) or 1 (held);
 * `lock` waits for 0. `cut` ends an execution that would go round a loop more often than the bound: it is no
 * execution of the test.
 */
export type Statement =
  | { readonly kind: 'load'; readonly at: Position; register: number; address: Expr; order: LoadOrder }
  | { readonly kind: 'store'; readonly at: Position; address: Expr; value: Expr; order: StoreOrder }
  | {
      readonly kind: 'rmw';
      readonly at: Position;
      register: number;
      address: Expr;
      operation: RmwOperation;
      operand: Expr;
      order: RmwOrder;
      /** What `register` gets: the value before or after the operation. */
      result: 'old' | 'new';
    }
  | {
      readonly kind: 'cmpxchg';
      readonly at: Position;
      register: number;
      address: Expr;
      expected: Expr;
      desired: Expr;
      order: RmwOrder;
    }
  | {
      /** atomic_add_unless: `register` gets 1 when `addend` was added, 0 when the old value was `unless`. */
      readonly kind: 'add-unless';
      readonly at: Position;
      register: number;
      address: Expr;
      addend: Expr;
      unless: Expr;
      order: RmwOrder;
    }
  | { readonly kind: 'lock'; readonly at: Position; address: Expr }
  | { readonly kind: 'unlock'; readonly at: Position; address: Expr }
  | { readonly kind: 'trylock'; readonly at: Position; register: number; address: Expr }
  | { readonly kind: 'is-locked'; readonly at: Position; register: number; address: Expr }
  | { readonly kind: 'srcu-lock'; readonly at: Position; register: number; address: Expr }
  | { readonly kind: 'srcu-unlock'; readonly at: Position; address: Expr; value: Expr }
  | { readonly kind: 'sync-srcu'; readonly at: Position; address: Expr }
  | { readonly kind: 'fence'; readonly at: Position; fence: FenceKind }
  | { readonly kind: 'assign'; readonly at: Position; register: number; value: Expr }
  | {
      readonly kind: 'if';
      readonly at: Position;
      condition: Expr;
      taken: readonly Statement[];
      otherwise: readonly Statement[];
    }
  | { readonly kind: 'cut'; readonly at: Position };

export interface Location {
  readonly name: string;
  /** The value before the test starts. */
  readonly initial: number;
  readonly role: 'data' | 'lock' | 'srcu';
}

export interface Process {
  /** `P0`. */
  readonly name: string;
  /** Names by register number; the reader's own temporaries start with `%`. */
  readonly registers: readonly string[];
  /** Value of each register at the start; 0 unless the test says otherwise. */
  readonly initial: readonly number[];
  readonly body: readonly Statement[];
}

/** What a final state is made of: a register of a process, or a memory location. */
export type Observable =
  | { readonly kind: 'register'; readonly process: number; readonly register: number; readonly name: string }
  | { readonly kind: 'location'; readonly location: number; readonly name: string };

export type Operand =
  | { readonly kind: 'observable'; readonly index: number }
  | { readonly kind: 'value'; readonly value: number };

/** A statement about one final state; `observable` indexes the program's `observed`. */
export type Proposition =
  | { readonly kind: 'true' }
  | { readonly kind: 'false' }
  | { readonly kind: 'equal'; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'not'; readonly operand: Proposition }
  | { readonly kind: 'and' | 'or'; readonly left: Proposition; readonly right: Proposition };

export interface LitmusProgram {
  readonly name: string;
  readonly locations: readonly Location[];
  readonly processes: readonly Process[];
  /** Every variable of the condition, of `locations` and of the filter; the printed ones first, in printing order. */
  readonly observed: readonly Observable[];
  /** How many of `observed` make up a final state; the others only the filter asks for. */
  readonly printed: number;
  readonly quantifier: 'exists' | 'not-exists' | 'forall';
  readonly condition: Proposition;
  /** Executions whose final state does not satisfy it are no executions of the test. Null when there is none. */
  readonly filter: Proposition | null;
  /** A loop was cut into this many rounds somewhere; 0 when the test has no loop. */
  readonly loopBound: number;
}

/** Values from here on are addresses: small integers never meet them, and they stay within 31 bits. */
export const ADDRESS_BASE = 1 << 24;
/** Distance between two locations' addresses, so that sums that go astray hit nothing. */
export const ADDRESS_STRIDE = 64;

/** The value of `&location`. */
export function addressOf(location: number): number {
  return ADDRESS_BASE + location * ADDRESS_STRIDE;
}

/** The location at an address, or -1 when `value` is the address of none. */
export function locationAt(value: number, locations: number): number {
  const offset = value - ADDRESS_BASE;
  if (offset < 0 || offset % ADDRESS_STRIDE !== 0) return -1;
  const location = offset / ADDRESS_STRIDE;
  return location < locations ? location : -1;
}

/** A value as herd prints it: the name of the location it points to, or the number. */
export function formatValue(program: LitmusProgram, value: number): string {
  const location = locationAt(value, program.locations.length);
  return location < 0 ? String(value) : (program.locations[location]?.name ?? String(value));
}
