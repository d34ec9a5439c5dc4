/** Registers of the counter: the estimate is within some 1.04 / sqrt(REGISTERS) = 1.6 %. */
export const REGISTERS = 1 << 12;
const BITS = 12;

/**
 * Counts distinct hashes in constant space (Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog", 2007; small counts by
 * linear counting, as there). Merging two counters is the larger of each register.
 */
export class DistinctCounter {
  readonly #registers: Int32Array;

  /** Lives in the words given, which are 0 at first. */
  constructor(registers: Int32Array) {
    this.#registers = registers;
  }

  add(hash: number): void {
    // The hash of an execution is a sum; mixed, its bits are independent.
    let h = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
    h ^= h >>> 16;
    this.raise(h & (REGISTERS - 1), 1 + Math.min(32 - BITS, Math.clz32(h & ~(REGISTERS - 1))));
  }

  /** Makes a register at least as large as given. */
  raise(register: number, rank: number): void {
    const registers = this.#registers;
    for (let old = registers[register]; rank > old; ) {
      const seen = Atomics.compareExchange(registers, register, old, rank);
      if (seen === old) return;
      old = seen;
    }
  }

  estimate(): number {
    let sum = 0;
    let empty = 0;
    for (const rank of this.#registers) {
      sum += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const alpha = 0.7213 / (1 + 1.079 / REGISTERS);
    const raw = (alpha * REGISTERS * REGISTERS) / sum;
    if (raw <= 2.5 * REGISTERS && empty > 0) return Math.round(REGISTERS * Math.log(REGISTERS / empty));
    // Hashes have 32 bits: near 2^32 different ones they collide.
    const space = 2 ** 32;
    return Math.round(raw > space / 30 ? -space * Math.log(1 - Math.min(raw / space, 0.999999)) : raw);
  }
}
