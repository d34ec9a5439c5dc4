/**
 * Remembers pairs that have been seen, so that the common case of a pair seen before costs one look. It may forget a
 * pair (then the map is asked), never invents one.
 */
export class PairCache {
  /** For loops that do what `seen` does in place. */
  readonly keys: Int32Array;
  readonly shift: number;

  constructor(bits: number) {
    this.keys = new Int32Array(1 << bits);
    this.shift = 32 - bits;
  }

  clear(): void {
    this.keys.fill(0);
  }

  /** True if the key (not 0) was there; it is now. */
  seen(key: number): boolean {
    const slot = Math.imul(key, 0x2c1b3c6d) >>> this.shift;
    if (this.keys[slot] === key) return true;
    this.keys[slot] = key;
    return false;
  }
}
