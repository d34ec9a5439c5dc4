import { Kind } from '../access.ts';
import type { CpuState } from '../cpu/state.ts';
import type { GracePeriods } from './grace-periods.ts';
import { EVERYTHING, type MachineState } from './state.ts';
import type { Translations } from './translations.ts';

/** Which CPUs whose pending access may have to wait can run now. */
export class Waiting {
  readonly #m: MachineState;
  readonly #grace: GracePeriods;
  readonly #translations: Translations;
  readonly #hasSlab: boolean;

  constructor(m: MachineState, grace: GracePeriods, translations: Translations) {
    this.#m = m;
    this.#grace = grace;
    this.#translations = translations;
    this.#hasSlab = m.layout.caches.length > 0;
  }

  /** A CPU has described its next access: whether that can run now. */
  describes(cpu: CpuState): void {
    const m = this.#m;
    const bit = 1 << cpu.id;
    if (cpu.kind >= Kind.FirstBlocking) {
      m.waiting |= bit;
      m.awaited |= awaited(cpu);
      if (this.ready(cpu)) m.enabled |= bit;
      else m.enabled &= ~bit;
    } else {
      m.waiting &= ~bit;
      m.enabled |= bit;
    }
  }

  /** Whether the pending access of a blocking kind can run now. */
  ready(cpu: CpuState): boolean {
    const { memory, slab } = this.#m;
    // What waits for freed memory goes on, to be judged.
    if (this.#hasSlab && !slab.usable(cpu.address)) return true;
    if (cpu.kind === Kind.Lock) return memory.newest(cpu.id, cpu.address) === 0;
    switch (cpu.kind) {
      case Kind.ReadLock:
        return memory.newest(cpu.id, cpu.address) <= 0;
      case Kind.BitLock:
        return (memory.newest(cpu.id, cpu.address) & (1 << cpu.a)) === 0;
      case Kind.Wait:
        return memory.waitReady(cpu.id, cpu.address, cpu.a, cpu.b);
      case Kind.SyncRcuEnd:
      case Kind.SyncSrcuEnd:
        return this.#grace.over(cpu);
      case Kind.FlushTlb:
        return this.#translations.flushed(cpu);
      default:
        return true;
    }
  }

  /** Looks again at the CPUs that may have to wait, after a change of one word or of anything. */
  recheck(changed: number): void {
    const m = this.#m;
    if (changed === EVERYTHING) m.awaited = 0;
    let left = m.waiting;
    while (left !== 0) {
      const bit = left & -left;
      left ^= bit;
      const cpu = m.cpus[31 - Math.clz32(bit)];
      // Most CPUs wait for one word; grace periods and flushes for what other CPUs do.
      if (changed === EVERYTHING) m.awaited |= awaited(cpu);
      else if (cpu.address !== changed && cpu.kind <= Kind.Wait) continue;
      if (this.ready(cpu)) m.enabled |= bit;
      else m.enabled &= ~bit;
    }
  }

  /** What executing the pending access of a CPU may change of what others wait for: see `MachineState.changed`. */
  changedBy(cpu: CpuState): number {
    // A flush waits for the access that is done through a translation.
    if (cpu.inflight !== 0) return EVERYTHING;
    const { kind } = cpu;
    if (kind === Kind.Load || kind === Kind.PlainLoad) return 0;
    // Barriers, releases and full atomics make delayed stores reach memory, whatever their word.
    if (this.#m.memory.commits !== 0) return EVERYTHING;
    if (kind === Kind.Fence) return 0;
    const oneWord = kind <= Kind.IsLocked || (kind >= Kind.BitUnlock && kind <= Kind.Wait);
    if (!oneWord || cpu.address === 0) return EVERYTHING;
    return (this.#m.awaited & (1 << (cpu.address & 31))) === 0 ? 0 : cpu.address;
  }
}

/** `MachineState.awaited` of one CPU: grace periods and flushes wait for what other CPUs do, whatever the word. */
function awaited(cpu: CpuState): number {
  return cpu.kind <= Kind.Wait ? 1 << (cpu.address & 31) : EVERYTHING;
}
