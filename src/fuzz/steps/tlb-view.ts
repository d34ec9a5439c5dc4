import { Kind } from '../../engine/access.ts';
import type { Machine } from '../../engine/machine.ts';
import { Note } from '../../engine/memory/memory.ts';
import type { StaleTranslation } from './steps.ts';

/** `b` of a flush that reaches the CPU's own entries only. */
const LOCAL = 2;

/** What the TLB of each CPU holds, as its walks and the flushes of all CPUs tell. */
export class TlbView {
  readonly #machine: Machine;
  /** Per CPU and translation: where the entry was read, and the entry. */
  readonly #entries: readonly Map<number, { readonly address: number; readonly entry: number }>[];

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#entries = machine.cpus.map(() => new Map());
  }

  access(
    cpu: number,
    kind: number,
    address: number,
    a: number,
    b: number,
    entry: number,
    note: number,
  ): void {
    if (kind === Kind.Walk && (note & Note.Cached) === 0 && entry !== 0)
      this.#entries[cpu]?.set(a, { address, entry });
    if (kind !== Kind.FlushTlb) return;
    for (const [c, entries] of this.#entries.entries()) if (b !== LOCAL || c === cpu) entries.delete(a);
  }

  /** Entries of a CPU that a walk would not find any more. */
  stale(cpu: number): readonly StaleTranslation[] {
    const { layout, words } = this.#machine;
    return [...(this.#entries[cpu] ?? [])].flatMap(([translation, { address, entry }]) => {
      const now = words[address] ?? 0;
      if (now === entry) return [];
      const name = layout.tlbNames[translation] ?? `translation ${translation}`;
      return [{ name, entry: layout.show(address, entry), memory: layout.show(address, now) }];
    });
  }
}
