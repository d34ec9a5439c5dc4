import { Order } from '../access.ts';
import { Memory, Note, rmwFails } from './memory.ts';

/** Sequential consistency: accesses act at once, in the order in which the CPUs are scheduled. */
export class Sc extends Memory {
  override readonly name: string = 'sc';
  override readonly startsAtCall = true;

  protected override resetModel(): void {}
  override settle(): void {}

  override load(cpu: number, address: number, order: number): number {
    if (this.race !== null) this.race.loaded(cpu, address, this.race.current(address), order);
    return this.words[address];
  }

  override store(cpu: number, address: number, value: number, order: number, site: number): void {
    this.write(cpu, address, value, site);
    if (this.race !== null) this.race.published(address, this.race.storeSnapshot(cpu, order));
  }

  override rmw(
    cpu: number,
    address: number,
    op: number,
    operand: number,
    expected: number,
    order: number,
    site: number,
  ): number {
    const old = this.modify(cpu, address, op, operand, expected, site);
    if (rmwFails(op, old, expected)) {
      this.host.note |= Note.Failed;
      if (this.race !== null) this.race.loaded(cpu, address, this.race.current(address), Order.Relaxed);
    } else if (this.race !== null) this.race.rmw(cpu, address, order);
    return old;
  }

  override fence(cpu: number, fence: number): void {
    if (this.race !== null) this.race.fence(cpu, fence);
  }

  override waitReady(_cpu: number, address: number, mask: number, want: number): boolean {
    return (this.words[address] & mask) === want;
  }

  override wait(cpu: number, address: number, _mask: number, _want: number, order: number): number {
    return this.load(cpu, address, order);
  }

  override acquireWord(cpu: number, address: number, value: number, site: number): void {
    this.touch(address, cpu, site);
    this.words[address] = value;
    if (this.race !== null) this.race.rmw(cpu, address, Order.Acquire);
  }

  override releaseWord(cpu: number, address: number, value: number, site: number): void {
    this.touch(address, cpu, site);
    this.words[address] = value;
    if (this.race !== null) this.race.rmw(cpu, address, Order.Release);
  }

  override walk(cpu: number, address: number): number {
    return this.load(cpu, address, Order.Acquire);
  }

  override commit(_k: number): number {
    return -1;
  }
  override committable(_k: number): readonly [number, number] {
    return [-1, 0];
  }
  override flush(_cpu: number): void {}
  override newest(_cpu: number, address: number): number {
    return this.words[address];
  }
  override delayed(_cpu: number): readonly (readonly [number, number])[] {
    return [];
  }
  override gracePeriodStart(cpu: number): void {
    if (this.race !== null) this.race.full(cpu);
  }
  override gracePeriodEnd(cpu: number): void {
    if (this.race !== null) this.race.full(cpu);
  }
}
