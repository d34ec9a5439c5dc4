import { Choice, Fence, Kind } from '../access.ts';
import type { CpuState } from '../cpu/state.ts';
import { Note } from '../memory/memory.ts';
import type { MachineState } from './state.ts';

/** Whom a flush reaches, `b` of a `FlushTlb`. */
const BY_INTERRUPT = 1;
const LOCAL = 2;

/** Page-table walks, the TLB of each CPU, and flushes that wait for accesses under way. */
export class Translations {
  readonly #m: MachineState;
  readonly #count: number;
  /** Per CPU and translation: the entry, 0 if none, and the time that the walk read it from. */
  readonly #entry: Int32Array;
  readonly #time: Int32Array;
  #touched = false;

  constructor(m: MachineState, cpus: number) {
    this.#m = m;
    this.#count = m.layout.tlbNames.length;
    this.#entry = new Int32Array(cpus * this.#count);
    this.#time = new Int32Array(cpus * this.#count);
  }

  reset(): void {
    if (!this.#touched) return;
    for (let i = 0; i < this.#entry.length; i++) this.#entry[i] = 0;
    this.#touched = false;
  }

  /** Between setup and the concurrent part: the walks of the setup order nothing more. */
  settle(): void {
    if (this.#touched) this.#time.fill(0);
  }

  walk(cpu: CpuState): number {
    const m = this.#m;
    const slot = cpu.id * this.#count + cpu.a;
    const cached = this.#entry[slot];
    if (cached !== 0 && cached !== m.words[cpu.address] && m.source.choose(Choice.Tlb, 2) === 1) {
      m.note |= Note.Cached;
      m.memory.usePointerTime(cpu.id, this.#time[slot]);
      this.#inUse(cpu);
      return cached;
    }
    const entry = m.memory.walk(cpu.id, cpu.address);
    if (entry !== 0) {
      this.#touched = true;
      this.#entry[slot] = entry;
      this.#time[slot] = m.memory.pointerTime(cpu.id);
      this.#inUse(cpu);
    }
    return entry;
  }

  flush(cpu: CpuState): void {
    const { memory, cpus } = this.#m;
    memory.translationFlushed(cpu.id, cpu.a, cpu.b === LOCAL);
    for (let c = 0; c < cpus.length; c++) {
      // The interrupted CPU takes the request and answers it: what surrounds the handler is ordered.
      if (cpu.b === BY_INTERRUPT && c !== cpu.id) memory.fence(c, Fence.Mb);
      if (cpu.b !== LOCAL || c === cpu.id) this.#entry[c * this.#count + cpu.a] = 0;
    }
    // The request comes after what this CPU did before, and the answers before what it does next.
    if (cpu.b === BY_INTERRUPT) memory.fence(cpu.id, Fence.Mb);
  }

  /** Whether the flush that is the pending access of a CPU may complete. */
  flushed(cpu: CpuState): boolean {
    if (cpu.b === LOCAL) return true;
    for (const other of this.#m.cpus) {
      if (other === cpu || other.depth < 0) continue;
      // A walk that was not followed by an access through the entry ended in a fault.
      if (other.inflight === cpu.a + 1 && isDataAccess(other.kind)) return false;
      if (cpu.b === BY_INTERRUPT && (other.irqsOff || other.hardirqDepth > 0)) return false;
    }
    return !this.#m.memory.translationBusy(cpu.a);
  }

  /** Up to the access through it, a translation is in use; an interrupt would have it walked anew. */
  #inUse(cpu: CpuState): void {
    cpu.inflight = cpu.a + 1;
    this.#m.updateIrq(cpu);
  }
}

function isDataAccess(kind: number): boolean {
  return kind <= Kind.Rmw || kind === Kind.PlainLoad || kind === Kind.PlainStore;
}
