import fc from 'fast-check';
import type { Kernel } from '../../src/engine/access.ts';
import { Order } from '../../src/engine/access.ts';
import type { Cpu } from '../../src/engine/cpu.ts';
import { Gfp } from '../../src/engine/gfp.ts';
import { flags, Layout, lock, plain, pointer, watched, word, words } from '../../src/engine/layout.ts';
import type { Machine } from '../../src/engine/machine.ts';
import type { InterruptKind, Observer } from '../../src/engine/observer.ts';
import type { BoundOperation, BoundProgram } from '../../src/engine/program.ts';

// Random small programs over one layout, for properties.

export const layout = new Layout();
export const w = layout.struct('w', {
  mem: words(3, watched()),
  bits: flags(['a', 'b']),
  p: pointer(),
  plain: plain(),
  spin: lock('Spinlock'),
  rw: lock('Rwlock'),
  mutex: lock('Mutex'),
  count: word(),
});
export const { cache } = layout.cache('buf', 4, { data: word() });
const bitClass = layout.lockClass('bit');
const page = layout.tlb('page');

/** One action: what, where and with which value. */
export type Action = readonly [what: string, where: number, value: number];

type Run = (cpu: Cpu, address: number, value: number, out: (value: number) => void) => Kernel;

export const simple: Readonly<Record<string, Run>> = {
  *load(cpu, a, _v, out) {
    out(yield cpu.readOnce(a));
  },
  *store(cpu, a, v) {
    yield cpu.writeOnce(a, v);
  },
  *acquire(cpu, a, _v, out) {
    out(yield cpu.smpLoadAcquire(a));
  },
  *release(cpu, a, v) {
    yield cpu.smpStoreRelease(a, v);
  },
  *xchg(cpu, a, v, out) {
    out(yield cpu.xchg(a, v));
  },
  *xchgRelaxed(cpu, a, v, out) {
    out(yield cpu.xchg(a, v, Order.Relaxed));
  },
  *cmpxchg(cpu, a, v, out) {
    out(yield cpu.cmpxchg(a, v - 1, v));
  },
  *add(cpu, a, v) {
    yield cpu.atomicAdd(a, v);
  },
  *mb(cpu) {
    yield cpu.smpMb();
  },
  *rmb(cpu) {
    yield cpu.smpRmb();
  },
  *wmb(cpu) {
    yield cpu.smpWmb();
  },
};

function* callback(cpu: Cpu, address: number, value: number): Kernel {
  if ((yield cpu.readOnce(address)) !== value) yield cpu.writeOnce(address, value);
}

export const rich: Readonly<Record<string, Run>> = {
  ...simple,
  *locked(cpu, a, v, out) {
    yield cpu.spinLockIrq(w.spin);
    out(yield cpu.readOnce(a));
    yield cpu.writeOnce(a, v);
    yield cpu.spinUnlockIrq(w.spin);
  },
  *read(cpu, a, _v, out) {
    yield cpu.readLock(w.rw);
    out(yield cpu.readOnce(a));
    yield cpu.readUnlock(w.rw);
  },
  *sleep(cpu, a, v) {
    yield cpu.mutexLock(w.mutex);
    yield cpu.writeOnce(a, v);
    yield cpu.mutexUnlock(w.mutex);
  },
  *bit(cpu, a, v, out) {
    yield cpu.bitSpinLock(0, w.bits, bitClass);
    out(yield cpu.readOnce(a));
    yield cpu.writeOnce(a, v);
    yield cpu.bitSpinUnlock(0, w.bits);
  },
  *tryBit(cpu, _a, _v, out) {
    const won = yield cpu.folioTrylock(1, w.bits, bitClass);
    out(won);
    if (won === 1) yield cpu.folioUnlock(1, w.bits);
  },
  *section(cpu, a, v, out) {
    yield cpu.rcuReadLock();
    out(yield cpu.readOnce(a));
    yield cpu.writeOnce(a, v);
    yield cpu.rcuReadUnlock();
  },
  *grace(cpu) {
    yield* cpu.synchronizeRcu();
  },
  *later(cpu, a, v) {
    yield cpu.callRcu(callback, a, v);
  },
  *drain(cpu) {
    yield* cpu.rcuBarrier();
  },
  *allocate(cpu, _a, v, out) {
    const object = yield cpu.kmalloc(cache, Gfp.Kernel);
    out(object === 0 ? 0 : 1);
    if (object !== 0) yield cpu.writeOnce(object, v);
    yield cpu.kfree(yield cpu.xchg(w.p, object));
  },
  *walk(cpu, a, _v, out) {
    if ((yield cpu.walk(page, a)) !== 0) out(yield cpu.readDependent(w.count));
  },
  *flush(cpu) {
    yield cpu.flushTlb(page);
  },
  *plain(cpu, _a, v) {
    yield cpu.storePlain(w.plain, v);
  },
};

/** `perCpu` lists of at most `length` actions. */
export function programs(
  of: Readonly<Record<string, Run>>,
  cpus: number,
  length: number,
  places = 3,
): fc.Arbitrary<readonly (readonly Action[])[]> {
  const action = fc.tuple(
    fc.constantFrom(...Object.keys(of)),
    fc.integer({ min: 0, max: places - 1 }),
    fc.integer({ min: 1, max: 3 }),
  );
  const list = fc.array(action, { minLength: 1, maxLength: length });
  return fc.array(list, { minLength: cpus, maxLength: cpus });
}

/** Runs the actions; `registers` collects what they read, per CPU. */
export function bind(
  actions: readonly (readonly Action[])[],
  registers: number[][],
  irq?: Action,
): BoundProgram {
  const operation = (list: readonly Action[], name: string, regs: () => number[]): BoundOperation => ({
    name,
    args: [],
    *start(cpu) {
      const mine = regs();
      for (const [what, where, value] of list) yield* rich[what](cpu, w.mem[where], value, v => mine.push(v));
    },
  });
  const cpus = actions.map((list, i) => [
    operation(list, `P${i}`, () => {
      registers[i] = [];
      return registers[i];
    }),
  ]);
  const interrupts = irq === undefined ? [] : [[operation([irq], 'irq', () => [])]];
  return { setup: [], cpus, interrupts };
}

/** Notes every step as text. */
export class Tracer implements Observer {
  readonly lines: string[] = [];
  access(...fields: readonly number[]): void {
    this.lines.push(fields.join(' '));
  }
  commit(cpu: number, address: number): void {
    this.lines.push(`commit ${cpu} ${address}`);
  }
  interrupt(cpu: number, operation: string, begin: boolean, what: InterruptKind): void {
    this.lines.push(`${what} ${cpu} ${operation} ${begin}`);
  }
  operation(cpu: number, operation: string, _args: readonly number[], begin: boolean): void {
    this.lines.push(`operation ${cpu} ${operation} ${begin}`);
  }
}

/** Everything observable about an execution. */
export function observe(
  machine: Machine,
  program: BoundProgram,
  source: Parameters<Machine['run']>[1],
): string {
  const tracer = new Tracer();
  machine.observer = tracer;
  const end = machine.run(program, source);
  machine.observer = null;
  const { violation } = machine;
  return [...tracer.lines, `end ${end}`, JSON.stringify(violation), [...machine.words].join(' ')].join('\n');
}
