import { Order, RmwOp } from '../access.ts';
import type { CpuState } from '../cpu/state.ts';
import type { Cpu } from '../cpu.ts';
import { EngineError } from '../errors.ts';
import { isSpinning, LockType } from '../layout.ts';
import { Lockdep, type LockProblem, LockUsage } from '../lockdep.ts';
import { Note } from '../memory/memory.ts';
import type { MachineState } from './state.ts';

/** What `a` of an `Unlock` asks for besides: see `Cpu.spinUnlockIrq` and `spinUnlockBh`. */
const IRQS_ON = 1;
const BH_ON = 2;

/** Taking and giving back locks, the locks that each CPU holds, and their order (lockdep). */
export class Locking {
  readonly classOf: Int32Array;
  readonly typeOf: Int32Array;
  readonly #m: MachineState;
  readonly #lockdep: Lockdep;
  /** Report a spinlock or rwlock taken inside a raw or bit spinlock. */
  readonly #rawNesting: boolean;

  constructor(m: MachineState, rawNesting: boolean) {
    this.#m = m;
    this.classOf = Int32Array.from(m.layout.lockClassOf);
    this.typeOf = Int32Array.from(m.layout.lockTypes);
    this.#lockdep = new Lockdep(m.layout);
    this.#rawNesting = rawNesting;
  }

  reset(): void {
    this.#lockdep.reset();
  }

  lock(cpu: CpuState): number {
    const { address } = cpu;
    this.#m.memory.acquireWord(cpu.id, address, cpu.id + 1, cpu.site);
    const lockClass = cpu.b === 0 ? this.classOf[address] : cpu.b - 1;
    this.#hold(cpu, address, -1, lockClass, this.typeOf[address], false);
    return cpu.a;
  }

  readLock(cpu: CpuState): void {
    const { address } = cpu;
    this.#m.memory.acquireWord(cpu.id, address, Math.min(this.#m.words[address], 0) - 1, cpu.site);
    this.#hold(cpu, address, -1, this.classOf[address], this.typeOf[address], true);
  }

  trylock(cpu: CpuState, read: boolean): number {
    const { address } = cpu;
    const { memory } = this.#m;
    const seen = memory.load(cpu.id, address, Order.Relaxed);
    const newest = memory.newest(cpu.id, address);
    if (read ? seen > 0 || newest > 0 : seen !== 0 || newest !== 0) {
      this.#m.note |= Note.Failed;
      return 0;
    }
    memory.acquireWord(cpu.id, address, read ? newest - 1 : cpu.id + 1, cpu.site);
    this.#tookByTrylock(cpu, this.classOf[address]);
    this.#hold(cpu, address, -1, this.classOf[address], this.typeOf[address], read);
    if (isSpinning(this.typeOf[address])) cpu.preemptDepth++;
    return 1;
  }

  unlock(cpu: Cpu): void {
    const { address, a } = cpu;
    if (!this.#release(cpu, address, -1, false)) return;
    // A spinlock is given back by a mere store-release; mutexes and rwsems by a read-modify-write.
    if (isSpinning(this.typeOf[address])) {
      this.#m.memory.unlockWord(cpu.id, address, cpu.site);
      cpu.preemptDepth--;
    } else this.#m.memory.releaseWord(cpu.id, address, 0, cpu.site);
    if (a === IRQS_ON) cpu.localIrqEnable();
    if (a === BH_ON) cpu.localBhEnable();
  }

  readUnlock(cpu: CpuState): void {
    const { address } = cpu;
    if (!this.#release(cpu, address, -1, true)) return;
    this.#m.memory.releaseWord(cpu.id, address, this.#m.words[address] + 1, cpu.site);
    if (isSpinning(this.typeOf[address])) cpu.preemptDepth--;
  }

  bitLock(cpu: CpuState): void {
    const { address, a } = cpu;
    this.#m.memory.rmw(cpu.id, address, RmwOp.Or, 1 << a, 0, Order.Acquire, cpu.site);
    this.#hold(cpu, address, a, cpu.b, cpu.order, false);
  }

  bitTrylock(cpu: CpuState): number {
    const { address } = cpu;
    const bit = 1 << cpu.a;
    const old = this.#m.memory.rmw(cpu.id, address, RmwOp.OrUnlessSet, bit, bit, Order.Acquire, cpu.site);
    if ((old & bit) !== 0) return 0;
    this.#tookByTrylock(cpu, cpu.b);
    this.#hold(cpu, address, cpu.a, cpu.b, cpu.order, false);
    return 1;
  }

  bitUnlock(cpu: CpuState): void {
    const { address, a } = cpu;
    if (!this.#release(cpu, address, a, false)) return;
    this.#m.memory.rmw(cpu.id, address, RmwOp.AndNot, 1 << a, 0, Order.Release | Order.Void, cpu.site);
    if (cpu.order === LockType.BitSpinlock) cpu.preemptDepth--;
  }

  /** A lock of a class is about to be taken, waiting for it if need be. */
  checkOrder(cpu: CpuState, lockClass: number, type: number, read: boolean): void {
    const problem = this.#acquires(cpu, lockClass, read, false);
    if (problem !== null)
      this.#m.violateNow(problem.oracle, problem.message, cpu, 0, [problem.otherSite], problem.details);
    if (this.#rawNesting && (type === LockType.Spinlock || type === LockType.Rwlock))
      this.#checkNesting(cpu, lockClass);
  }

  /** Interrupts or bottom halves are on again while locks may be held. */
  irqsOn(cpu: CpuState): void {
    if (cpu.heldCount === 0) return;
    const problem = this.#lockdep.irqsOn(cpu.held, cpu.heldCount, usageOn(cpu), cpu.site);
    if (problem !== null) this.#report(problem, cpu);
  }

  /** A trylock has succeeded: it adds no edge, but the class has now been taken in this context. */
  #tookByTrylock(cpu: CpuState, lockClass: number): void {
    const problem = this.#acquires(cpu, lockClass, false, true);
    if (problem !== null) this.#report(problem, cpu);
  }

  #acquires(cpu: CpuState, lockClass: number, read: boolean, trylock: boolean): LockProblem | null {
    const usage = usageOn(cpu);
    return this.#lockdep.acquire(cpu.held, cpu.heldCount, lockClass, read, trylock, usage, cpu.site);
  }

  #report(problem: LockProblem, cpu: CpuState): void {
    const sites = [cpu.site, problem.otherSite];
    this.#m.report(problem.oracle, problem.message, cpu.id, 0, sites, problem.details);
  }

  #checkNesting(cpu: CpuState, lockClass: number): void {
    const { layout } = this.#m;
    for (let i = 0; i < cpu.heldCount; i++) {
      const held = cpu.held[i];
      if (held.type !== LockType.RawSpinlock && held.type !== LockType.BitSpinlock) continue;
      const message = `invalid wait context: ${layout.classNames[lockClass]} is taken inside a raw spinlock`;
      const details = [`held: ${layout.nameOf(held.address)}`];
      this.#m.violateNow('invalid-wait-context', message, cpu, 0, [held.site], details);
    }
  }

  #hold(cpu: CpuState, address: number, bit: number, lockClass: number, type: number, read: boolean): void {
    if (cpu.heldCount >= cpu.held.length) throw new EngineError('too many locks held at once');
    const held = cpu.held[cpu.heldCount++];
    held.address = address;
    held.bit = bit;
    held.lockClass = lockClass;
    held.type = type;
    held.read = read;
    held.site = cpu.site;
    held.since = this.#m.steps;
  }

  /** Returns false, with a violation recorded, if the lock is not held. */
  #release(cpu: CpuState, address: number, bit: number, read: boolean): boolean {
    const { held } = cpu;
    let i = cpu.heldCount - 1;
    while (i >= 0 && (held[i].address !== address || held[i].bit !== bit || held[i].read !== read)) i--;
    if (i < 0) {
      const message = `${this.#m.layout.nameOf(address)} is released but not held`;
      this.#m.report('lock-order', message, cpu.id, address, [cpu.site]);
      return false;
    }
    cpu.heldCount--;
    if (i < cpu.heldCount) {
      const entry = held[i];
      for (let j = i; j < cpu.heldCount; j++) held[j] = held[j + 1];
      held[cpu.heldCount] = entry;
    }
    return true;
  }
}

/** The context that a CPU takes or holds locks in: see `LockUsage`. */
function usageOn(cpu: CpuState): number {
  if (cpu.hardirqDepth > 0) return LockUsage.Hardirq;
  const softirq = cpu.inSoftirq ? LockUsage.Softirq : 0;
  if (cpu.irqsOff) return softirq;
  return softirq | LockUsage.IrqsOn | (cpu.softirqDepth === 0 ? LockUsage.SoftirqsOn : 0);
}
