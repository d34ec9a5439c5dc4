import { Kind } from '../access.ts';
import type { CpuState } from '../cpu/state.ts';
import type { QueuedCallback } from './queued-callback.ts';
import type { MachineState } from './state.ts';

/** RCU and SRCU: who is in which section, and which sections a grace period waits for (memory-semantics section 1). */
export class GracePeriods {
  readonly #m: MachineState;
  readonly #cpus: number;
  /** Per CPU in a grace period and other CPU: the section of the other that it waits for; 0 if none. */
  readonly #waitsFor: Int32Array;
  readonly #srcuDepth: Int32Array;
  readonly #srcuSection: Int32Array;
  /** Sections and grace periods begun in this execution: their numbers. */
  #begun = 0;

  constructor(m: MachineState, cpus: number) {
    this.#m = m;
    this.#cpus = cpus;
    this.#waitsFor = new Int32Array(cpus * cpus);
    this.#srcuDepth = new Int32Array(cpus * m.layout.srcuDomains);
    this.#srcuSection = new Int32Array(cpus * m.layout.srcuDomains);
  }

  reset(): void {
    this.#begun = 0;
    if (this.#srcuDepth.length === 0) return;
    for (let i = 0; i < this.#srcuDepth.length; i++) {
      this.#srcuDepth[i] = 0;
      this.#srcuSection[i] = 0;
    }
  }

  rcuReadLock(cpu: CpuState): void {
    if (cpu.rcuDepth++ !== 0) return;
    cpu.rcuSection = ++this.#begun;
    this.#sectionBegins(cpu.id);
  }

  rcuReadUnlock(cpu: CpuState): void {
    if (cpu.rcuDepth === 0) this.#m.misuse(cpu, 'rcu_read_unlock without rcu_read_lock');
    if (--cpu.rcuDepth !== 0) return;
    this.#sectionEnds(cpu.id, cpu.rcuSection);
    cpu.rcuSection = 0;
  }

  srcuReadLock(cpu: CpuState, domain: number): void {
    const slot = domain * this.#cpus + cpu.id;
    if (this.#srcuDepth[slot]++ !== 0) return;
    this.#srcuSection[slot] = ++this.#begun;
    this.#sectionBegins(cpu.id);
  }

  srcuReadUnlock(cpu: CpuState, domain: number): void {
    const slot = domain * this.#cpus + cpu.id;
    if (this.#srcuDepth[slot] === 0) this.#m.misuse(cpu, 'srcu_read_unlock without srcu_read_lock');
    if (--this.#srcuDepth[slot] !== 0) return;
    this.#sectionEnds(cpu.id, this.#srcuSection[slot]);
    this.#srcuSection[slot] = 0;
  }

  /** Starts a grace period; returns its number. */
  startRcu(cpu: number): number {
    this.#starts(cpu);
    for (let c = 0; c < this.#cpus; c++) this.#waitsFor[cpu * this.#cpus + c] = this.#m.cpus[c].rcuSection;
    return ++this.#begun;
  }

  startSrcu(cpu: number, domain: number): number {
    this.#starts(cpu);
    for (let c = 0; c < this.#cpus; c++) {
      this.#waitsFor[cpu * this.#cpus + c] = this.#srcuSection[domain * this.#cpus + c];
    }
    return ++this.#begun;
  }

  end(cpu: number): void {
    const { memory, race } = this.#m;
    memory.gracePeriodEnd(cpu);
    if (race !== null) race.gracePeriodEnd(cpu);
  }

  /** A `call_rcu`: its number among sections and grace periods. */
  call(cpu: number): number {
    const { memory, race } = this.#m;
    const number = ++this.#begun;
    memory.callRcu(cpu, number);
    if (race !== null) race.callRcu(cpu, number);
    return number;
  }

  /** The grace period of a callback starts. */
  startOf(queued: QueuedCallback): void {
    const { memory, race, cpus } = this.#m;
    memory.callbackGraceStart(queued.cpu, queued.call);
    if (race !== null) race.callbackGraceStart(queued.call);
    queued.waitsFor = cpus.map(cpu => cpu.rcuSection);
    queued.grace = ++this.#begun;
  }

  /** The grace period of a callback ends. */
  endOf(queued: QueuedCallback): void {
    const { memory, race } = this.#m;
    memory.callbackGraceEnd(queued.cpu, queued.call);
    if (race !== null) race.gracePeriodEnd(queued.cpu);
  }

  /** Whether the grace period of a callback may end. */
  overFor(queued: QueuedCallback): boolean {
    for (let c = 0; c < this.#cpus; c++) if (this.inSection(c, queued.waitsFor[c])) return false;
    return !this.#m.memory.graceBlocked(queued.grace);
  }

  /** Whether a CPU is in the RCU section with a number; there is none with 0. */
  inSection(cpu: number, section: number): boolean {
    return section !== 0 && this.#m.cpus[cpu].rcuSection === section;
  }

  /** Whether the grace period of a CPU whose pending access is its end may end. */
  over(cpu: CpuState): boolean {
    const n = this.#cpus;
    if (cpu.kind === Kind.SyncRcuEnd && cpu.b !== 0) {
      const { callbacks } = this.#m;
      return callbacks.length === 0 || callbacks[0].number > cpu.a;
    }
    for (let c = 0; c < n; c++) {
      const section = this.#waitsFor[cpu.id * n + c];
      if (section === 0) continue;
      const now =
        cpu.kind === Kind.SyncRcuEnd ? this.#m.cpus[c].rcuSection : this.#srcuSection[cpu.b * n + c];
      if (now === section) return false;
    }
    return !this.#m.memory.graceBlocked(cpu.a);
  }

  #sectionBegins(cpu: number): void {
    const { memory, race } = this.#m;
    memory.rcuReadLock(cpu);
    if (race !== null) race.rcuReadLock(cpu);
  }

  #sectionEnds(cpu: number, section: number): void {
    const { memory, race } = this.#m;
    memory.rcuReadUnlock(cpu, section);
    if (race !== null) race.rcuReadUnlock(cpu);
  }

  #starts(cpu: number): void {
    const { memory, race } = this.#m;
    memory.gracePeriodStart(cpu);
    if (race !== null) race.gracePeriodStart(cpu);
  }
}
