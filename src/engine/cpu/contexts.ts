import { Access, type Code, type Frame, Kind } from '../access.ts';
import type { CpuHost } from './host.ts';
import { CpuState } from './state.ts';
import { type Resumed, Suspended } from './suspended.ts';

/** A local name: to V8 an import is a variable that it looks up and checks at every use. */
const { described } = Access;

/** Contexts, checks and choices of the model. They act at once and cost no step. */
export class CpuContexts extends CpuState {
  readonly machine: CpuHost;

  constructor(id: number, machine: CpuHost) {
    super(id);
    this.machine = machine;
  }

  preemptDisable(): void {
    this.preemptDepth++;
  }
  preemptEnable(): void {
    if (this.preemptDepth-- === 0) this.machine.misuse(this, 'preempt_enable without preempt_disable');
  }
  localIrqDisable(): void {
    this.irqsOff = true;
    this.machine.irqStateChanged(this);
  }
  localIrqEnable(): void {
    this.irqsOff = false;
    this.machine.irqStateChanged(this);
  }
  /** `local_irq_save`: whether interrupts were off before, for `localIrqRestore`. */
  localIrqSave(): number {
    const flags = this.irqsOff ? 1 : 0;
    this.localIrqDisable();
    return flags;
  }
  localIrqRestore(flags: number): void {
    if (flags === 0) this.localIrqEnable();
  }
  localBhDisable(): void {
    this.softirqDepth++;
  }
  localBhEnable(): void {
    if (this.softirqDepth-- === 0) this.machine.misuse(this, 'local_bh_enable without local_bh_disable');
    this.machine.irqStateChanged(this);
  }
  /** Reports sleeping in atomic context at the call, whether or not it would really block. */
  mightSleep(what = 'might_sleep'): void {
    if (!this.maySleep()) this.machine.sleepingInAtomic(this, what);
  }
  /** `WARN_ON(condition)`: a finding of the `warn` oracle. */
  warnOn(condition: boolean, message: string, address = 0): void {
    if (condition) this.machine.violateNow('warn', message, this, address, []);
  }
  /** `lockdep_assert_held` */
  assertHeld(lock: number): void {
    for (let i = 0; i < this.heldCount; i++) if (this.held[i].address === lock) return;
    this.machine.violateNow('warn', `${this.machine.layout.nameOf(lock)} is not held`, this, lock, []);
  }
  /** A choice that the model leaves open; 0 is the calmest. */
  choose(n: number): number {
    return n > 1 ? this.machine.chooseFor(this, n) : 0;
  }

  /** Sets the site after the arguments of a primitive were computed; called by built models. */
  at(site: number, value: number): number {
    this.site = site;
    return value;
  }

  /** The function that returns `frame` ends with a call of it; called by built models. */
  tailCall(frame: Code): Code {
    this.callsLast = true;
    return frame;
  }

  /**
   * Model code must be suspended, from the innermost function outwards: keeps `code`, which goes on where a function was,
   * and the number `at` of that place. Returns where the function puts the values that `code` knows again.
   */
  parks(code: Frame | Resumed, at = 0): unknown[] {
    if (this.parkedCount === this.parked.length) this.parked.push(new Suspended());
    const place = this.parked[this.parkedCount++];
    place.code = code;
    place.at = at;
    return place.values;
  }

  /** All of it is suspended: it becomes the top of the call stack. */
  unparks(): void {
    const { frames, parked } = this;
    while (this.parkedCount > 0) {
      const i = --this.parkedCount;
      const free = this.#push();
      frames[this.depth] = parked[i];
      parked[i] = free;
    }
  }

  /** Model code begins, on top of what is suspended. */
  begins(code: Frame | Resumed): void {
    this.#push().code = code;
  }

  #push(): Suspended {
    if (++this.depth === this.frames.length) this.frames.push(new Suspended());
    return this.frames[this.depth];
  }

  /** Makes an access the pending one of this CPU. */
  protected describe(kind: number, address: number, a: number, b: number, order: number): Access {
    if (this.kind !== Kind.None) this.machine.forgottenYield(this);
    this.kind = kind;
    this.address = address;
    this.a = a;
    this.b = b;
    this.order = order;
    return described;
  }
}
