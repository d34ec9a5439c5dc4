// A process of a litmus test as an operation of the engine: a generator that interprets its statements. Registers
// carry what the memory model needs of dependencies: the time (arm64) or view (lkmm) of the loads they came from.

import { Access, Fence, type Kernel, Kind, Order, RmwOp } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { type Memory, Note } from '../../engine/memory/memory.ts';
import { evaluate, modify, registersOf } from '../evaluate.ts';
import type { Expr, FenceKind, LoadOrder, Process, RmwOperation, RmwOrder, Statement } from '../program.ts';

/** Where a process finds its memory. */
export interface Addresses {
  /** The word of the engine for an address of the test. */
  word(address: number): number;
  /** The number of the SRCU domain at an address of the test. */
  domain(address: number): number;
}

/** What a process needs of the machine that it runs on. */
export interface ProcessHost {
  readonly memory: Memory;
  /** What the last access did: see `Note`. */
  readonly note: number;
  /** Whether memory is told what stores depend on. */
  readonly exact: boolean;
  /** All processes of the test. */
  readonly all: readonly ProcessState[];
}

const loadOrders: Record<LoadOrder, number> = {
  plain: Order.Relaxed,
  once: Order.Relaxed,
  acquire: Order.Acquire,
};

const rmwOrders: Record<RmwOrder, number> = {
  full: Order.Full,
  acquire: Order.Acquire,
  release: Order.Release,
  relaxed: Order.Relaxed,
  noreturn: Order.Void,
};

const rmwOps: Record<RmwOperation, number> = {
  xchg: RmwOp.Xchg,
  add: RmwOp.Add,
  sub: RmwOp.Add,
  and: RmwOp.AndNot,
  or: RmwOp.Or,
  xor: RmwOp.Xor,
  andnot: RmwOp.AndNot,
};

const fences: Partial<Record<FenceKind, number>> = {
  mb: Fence.Mb,
  rmb: Fence.Rmb,
  wmb: Fence.Wmb,
  'before-atomic': Fence.MbBeforeAtomic,
  'after-atomic': Fence.MbAfterAtomic,
  'after-spinlock': Fence.MbAfterSpinlock,
  'after-unlock-lock': Fence.MbAfterUnlockLock,
  'after-srcu-read-unlock': Fence.Mb,
};

/** What the engine's operation does to its word so that the word gets what `modify` says. */
function engineOperand(operation: RmwOperation, operand: number): number {
  if (operation === 'sub') return -operand | 0;
  return operation === 'and' ? ~operand : operand;
}

/**
 * Describes an access as the primitives of `Cpu` do. They are not used themselves: the lock primitives check rules
 * that litmus tests may break (order of locks, sleeping), and orders are data here.
 */
function describe(
  cpu: Cpu,
  kind: number,
  address: number,
  a: number,
  b: number,
  order: number,
  op = 0,
): Access {
  cpu.kind = kind;
  cpu.address = address;
  cpu.a = a;
  cpu.b = b;
  cpu.order = order;
  cpu.op = op;
  return Access.described;
}

/** The state of one process: with the state of memory, all that its future depends on. */
export class ProcessState {
  readonly process: Process;
  readonly registers: Int32Array;
  /** Per register: time of the loads that its value came from. */
  readonly times: Int32Array;
  /** Per word: time of the address and data of this process's last store there, for loads that forward from it. */
  readonly stored = new Map<number, number>();
  /** Time of the conditions of the `if`s that the process is in. */
  control = 0;
  /** Which access comes next; 0 before the first and -1 when the process has ended. */
  at = 0;
  /** Line of the file that runs. */
  line = 0;
  /** Read-side sections begun, per domain (0: RCU); odd numbers are inside. */
  readonly sections: Int32Array;
  /** While a grace period is waited for: the sections of all processes at its start. */
  grace: readonly number[] = [];
  /** The execution went round a loop too often. */
  cut = false;
  readonly #positions: Map<Statement, number>;
  /** Position of the last statement, in the text, that may store to an address; to any address. */
  readonly #lastStore = new Map<number, number>();
  #lastStoreAnywhere = 0;
  readonly #addresses: Addresses;
  readonly #host: ProcessHost;

  constructor(process: Process, domains: number, addresses: Addresses, host: ProcessHost) {
    this.#host = host;
    this.process = process;
    this.registers = new Int32Array(process.registers.length);
    this.times = new Int32Array(process.registers.length);
    this.sections = new Int32Array(domains);
    this.#addresses = addresses;
    this.#positions = new Map();
    this.#number(process.body);
  }

  #number(statements: readonly Statement[]): void {
    for (const statement of statements) {
      const position = 2 * this.#positions.size + 2;
      this.#positions.set(statement, position);
      this.#noteStore(statement, position);
      if (statement.kind !== 'if') continue;
      this.#number(statement.taken);
      this.#number(statement.otherwise);
    }
  }

  #noteStore(statement: Statement, position: number): void {
    if (!('address' in statement) || statement.kind === 'load' || statement.kind === 'is-locked') return;
    const { address } = statement;
    if (address.kind === 'const') this.#lastStore.set(this.#addresses.word(address.value), position);
    else this.#lastStoreAnywhere = position;
  }

  /** Whether the process may still store to a word. */
  mayStore(word: number): boolean {
    const last = Math.max(this.#lastStore.get(word) ?? 0, this.#lastStoreAnywhere);
    return this.at >= 0 && this.at <= last;
  }

  /** Runs the process from its beginning on a CPU. */
  *run(cpu: Cpu): Kernel {
    for (let i = 0; i < this.registers.length; i++) this.registers[i] = this.process.initial[i] ?? 0;
    this.times.fill(0);
    this.stored.clear();
    this.sections.fill(0);
    this.grace = [];
    this.control = 0;
    this.cut = false;
    yield* this.#list(cpu, this.process.body);
    this.at = -1;
    // A test may end inside a lock or section; the engine expects of operations that they do not.
    cpu.heldCount = 0;
    cpu.preemptDepth = 0;
    cpu.rcuDepth = 0;
  }

  *#list(cpu: Cpu, statements: readonly Statement[]): Kernel {
    for (const statement of statements) {
      if (this.cut) return;
      if (statement.kind === 'if') {
        const outer = this.control;
        this.control = this.#join(outer, this.#timeOf(statement.condition));
        const taken = evaluate(statement.condition, this.registers) !== 0;
        yield* this.#list(cpu, taken ? statement.taken : statement.otherwise);
        this.control = outer;
      } else yield* this.#statement(cpu, statement);
    }
  }

  *#statement(cpu: Cpu, s: Statement): Kernel {
    this.at = this.#positions.get(s) ?? 0;
    this.line = s.at.line;
    const { registers } = this;
    switch (s.kind) {
      case 'load': {
        const word = this.#address(cpu, s.address);
        const value = yield describe(
          cpu,
          Kind.Load,
          word,
          0,
          0,
          loadOrders[s.order] | Order.Pointer | Order.Dependent,
        );
        this.#loaded(cpu, s.register, word, value, s.address);
        return;
      }
      case 'store': {
        const word = this.#address(cpu, s.address);
        this.stored.set(word, this.#storeTime(cpu, [s.address, s.value]));
        const order = s.order === 'release' ? Order.Release : Order.Relaxed;
        yield describe(cpu, Kind.Store, word, evaluate(s.value, registers), 0, order);
        return;
      }
      case 'rmw': {
        const operand = evaluate(s.operand, registers);
        const order = rmwOrders[s.order];
        const old = yield* this.#rmw(
          cpu,
          s.address,
          rmwOps[s.operation],
          engineOperand(s.operation, operand),
          0,
          order,
          [s.operand],
        );
        this.#loaded(
          cpu,
          s.register,
          cpu.address,
          s.result === 'old' ? old : modify(s.operation, old, operand),
          s.address,
        );
        return;
      }
      case 'cmpxchg': {
        const [desired, expected] = [evaluate(s.desired, registers), evaluate(s.expected, registers)];
        const inputs = [s.desired, s.expected];
        const old = yield* this.#rmw(
          cpu,
          s.address,
          RmwOp.Cmpxchg,
          desired,
          expected,
          rmwOrders[s.order],
          inputs,
        );
        this.#loaded(cpu, s.register, cpu.address, old, s.address);
        return;
      }
      case 'add-unless': {
        const [addend, unless] = [evaluate(s.addend, registers), evaluate(s.unless, registers)];
        const inputs = [s.addend, s.unless];
        const old = yield* this.#rmw(
          cpu,
          s.address,
          RmwOp.AddUnless,
          addend,
          unless,
          rmwOrders[s.order],
          inputs,
        );
        this.#loaded(cpu, s.register, cpu.address, old === unless ? 0 : 1, s.address);
        return;
      }
      case 'lock':
        cpu.preemptDepth++;
        this.#storeTime(cpu, [s.address]);
        yield describe(cpu, Kind.Lock, this.#address(cpu, s.address), 0, 0, 0);
        return;
      case 'unlock':
        this.#storeTime(cpu, [s.address]);
        yield describe(cpu, Kind.Unlock, this.#address(cpu, s.address), 0, 0, 0);
        return;
      case 'trylock':
        this.#storeTime(cpu, [s.address]);
        this.#set(s.register, yield describe(cpu, Kind.Trylock, this.#address(cpu, s.address), 0, 0, 0), 0);
        return;
      case 'is-locked':
        this.#set(s.register, yield describe(cpu, Kind.IsLocked, this.#address(cpu, s.address), 0, 0, 0), 0);
        return;
      case 'srcu-lock': {
        const domain = this.#addresses.domain(evaluate(s.address, registers));
        yield describe(cpu, Kind.SrcuReadLock, 0, domain, 0, 0);
        this.sections[domain + 1]++;
        this.#set(s.register, 0, 0);
        return;
      }
      case 'srcu-unlock': {
        const domain = this.#addresses.domain(evaluate(s.address, registers));
        yield describe(cpu, Kind.SrcuReadUnlock, 0, domain, 0, 0);
        this.sections[domain + 1]++;
        return;
      }
      case 'sync-srcu': {
        const domain = this.#addresses.domain(evaluate(s.address, registers));
        const section = yield describe(cpu, Kind.SyncSrcuStart, 0, domain, 0, 0);
        this.grace = this.#host.all.map(other => other.sections[domain + 1]);
        this.at++;
        yield describe(cpu, Kind.SyncSrcuEnd, 0, section, domain, 0);
        this.grace = [];
        return;
      }
      case 'fence':
        yield* this.#fence(cpu, s.fence);
        return;
      case 'assign':
        this.#set(s.register, evaluate(s.value, registers), this.#timeOf(s.value));
        return;
      case 'cut':
        this.cut = true;
    }
  }

  *#fence(cpu: Cpu, fence: FenceKind): Kernel {
    switch (fence) {
      case 'barrier':
        return;
      case 'rcu-lock':
        yield describe(cpu, Kind.RcuReadLock, 0, 0, 0, 0);
        if (cpu.rcuDepth === 1) this.sections[0]++;
        return;
      case 'rcu-unlock':
        yield describe(cpu, Kind.RcuReadUnlock, 0, 0, 0, 0);
        if (cpu.rcuDepth === 0) this.sections[0]++;
        return;
      case 'sync-rcu': {
        const section = yield describe(cpu, Kind.SyncRcuStart, 0, 0, 0, 0);
        this.grace = this.#host.all.map(other => other.sections[0]);
        this.at++;
        yield describe(cpu, Kind.SyncRcuEnd, 0, section, 0, 0);
        this.grace = [];
        return;
      }
      default:
        yield describe(cpu, Kind.Fence, 0, fences[fence] ?? Fence.Mb, 0, 0);
    }
  }

  *#rmw(
    cpu: Cpu,
    address: Expr,
    op: number,
    operand: number,
    expected: number,
    order: number,
    inputs: readonly Expr[],
  ): Kernel<number> {
    const word = this.#address(cpu, address);
    this.#storeTime(cpu, [address, ...inputs]);
    return yield describe(
      cpu,
      Kind.Rmw,
      word,
      operand,
      expected,
      order | Order.Pointer | Order.Dependent,
      op,
    );
  }

  /** The word that an access goes to; the time of its address is given to the memory model. */
  #address(cpu: Cpu, address: Expr): number {
    this.#host.memory.usePointerTime(cpu.id, this.#timeOf(address));
    return this.#addresses.word(evaluate(address, this.registers));
  }

  /** A store comes next: tells what it depends on and returns that without the conditions around it. */
  #storeTime(cpu: Cpu, inputs: readonly Expr[]): number {
    let time = 0;
    for (const input of inputs) time = this.#join(time, this.#timeOf(input));
    if (this.#host.exact) this.#host.memory.useStoreTime(cpu.id, this.#join(time, this.control));
    return time;
  }

  /** A load of `word` has returned `value`. */
  #loaded(cpu: Cpu, register: number, word: number, value: number, address: Expr): void {
    const { memory } = this.#host;
    const forwarded = (this.#host.note & Note.Forwarded) !== 0;
    const time = forwarded
      ? this.#join(this.#timeOf(address), this.stored.get(word) ?? 0)
      : memory.pointerTime(cpu.id);
    this.#set(register, value, time);
  }

  #set(register: number, value: number, time: number): void {
    if (register < 0) return;
    this.registers[register] = value;
    this.times[register] = time;
  }

  #timeOf(expr: Expr): number {
    let time = 0;
    registersOf(expr, register => {
      time = this.#join(time, this.times[register]);
    });
    return time;
  }

  #join(a: number, b: number): number {
    return a === 0 || a === b ? b : b === 0 ? a : this.#host.memory.laterTime(a, b);
  }
}
