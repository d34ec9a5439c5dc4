import { Kind } from '../access.ts';
import type { CpuState } from '../cpu/state.ts';
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

  /** Whether the grace period of a CPU whose pending access is its end may end. */
  over(cpu: CpuState): boolean {
    const n = this.#cpus;
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
