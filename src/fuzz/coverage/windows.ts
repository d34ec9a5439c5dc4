/** Delayed stores looked at for each access: the youngest. */
const MOST = 4;
const DEPTH = 32;

/** The stores that each CPU delays, as the log of an execution tells: what later accesses overtake. */
export class Windows {
  readonly #count: Int32Array;
  /** CPUs that delay stores, as bits. */
  cpus = 0;
  readonly #site: Int32Array;
  readonly #address: Int32Array;

  constructor(cpus: number) {
    this.#count = new Int32Array(cpus);
    this.#site = new Int32Array(cpus * DEPTH);
    this.#address = new Int32Array(cpus * DEPTH);
  }

  begin(): void {
    if (this.cpus !== 0) this.#count.fill(0);
    this.cpus = 0;
  }

  count(cpu: number): number {
    return this.#count[cpu];
  }

  /** Delayed stores of a CPU that an access looks at: places for `siteAt` and `addressAt`, from the returned one on. */
  first(cpu: number): number {
    return Math.max(0, this.#count[cpu] - MOST);
  }

  siteAt(cpu: number, place: number): number {
    return this.#site[cpu * DEPTH + place];
  }

  addressAt(cpu: number, place: number): number {
    return this.#address[cpu * DEPTH + place];
  }

  delay(cpu: number, site: number, address: number): void {
    if (this.#count[cpu] === DEPTH) this.remove(cpu, 0);
    const i = cpu * DEPTH + this.#count[cpu]++;
    this.cpus |= 1 << cpu;
    this.#site[i] = site;
    this.#address[i] = address;
  }

  /** Place of the oldest delayed store of a CPU to a word, or -1. */
  oldest(cpu: number, address: number): number {
    const base = cpu * DEPTH;
    for (let i = 0; i < this.#count[cpu]; i++) if (this.#address[base + i] === address) return i;
    return -1;
  }

  remove(cpu: number, place: number): void {
    const base = cpu * DEPTH;
    const last = --this.#count[cpu];
    if (last === 0) this.cpus &= ~(1 << cpu);
    for (let i = base + place; i < base + last; i++) {
      this.#site[i] = this.#site[i + 1];
      this.#address[i] = this.#address[i + 1];
    }
  }
}
