import { LkmmAccesses } from './lkmm-accesses.ts';
import { nothing, type Reach, type View } from './lkmm-messages.ts';
import type { CpuViews } from './lkmm-views.ts';

/** Full fences and RCU in the model `lkmm` (lkmm.ts): what they publish to everybody. */
export abstract class LkmmRcu extends LkmmAccesses {
  /** What full fences have published, and what it was when a grace period last started. */
  protected global: View = nothing;
  #graceStart: View = nothing;
  /** Per read-side section: what its end publishes; null while it runs. */
  readonly #sections: (View | null)[] = [];
  /** Per `call_rcu`: what its CPU had done then, and the accesses logged and the sections that had begun. */
  readonly #calls = new Map<number, { readonly all: Reach; readonly index: number; sections: number }>();
  /** Per CPU: accesses logged when it last started a grace period. */
  readonly #graceStarts: number[] = [];

  protected override resetModel(): void {
    super.resetModel();
    this.global = nothing;
    this.#graceStart = nothing;
    this.#sections.length = 0;
    this.#calls.clear();
    this.#graceStarts.length = 0;
  }

  /** A full barrier for the accesses in `a`. */
  protected strong(me: CpuViews, a: Reach): void {
    const messages = this.messages;
    me.strong++;
    this.global = messages.join(this.global, a.c);
    me.t = messages.join(messages.join(me.t, a.t), this.global);
    me.l = messages.join(messages.join(me.l, a.l), me.t);
  }

  override rcuReadLock(cpu: number): void {
    const me = this.views[cpu];
    me.l = this.messages.join(me.l, this.#graceStart);
    me.t = this.messages.join(me.t, this.#graceStart);
    me.openSections.push(this.#sections.push(null) - 1);
    me.sectionDepth++;
    me.startedBefore = [...this.#graceStarts];
  }

  override rcuReadUnlock(cpu: number, _section: number): void {
    const me = this.views[cpu];
    // Sections of several domains may end in any order: what is published for one that goes on is published anew.
    const done = this.messages.join(me.all.c, me.all.t);
    for (const section of me.openSections) this.#sections[section] = done;
    if (--me.sectionDepth === 0) me.openSections.length = 0;
  }

  override gracePeriodStart(cpu: number): void {
    const me = this.views[cpu];
    this.strong(me, me.all);
    this.#graceStart = this.messages.join(this.#graceStart, this.global);
    me.sectionsAtGrace = this.#sections.length;
    this.#graceStarts[cpu] = this.executed.length;
  }

  override gracePeriodEnd(cpu: number): void {
    this.#graceEnds(this.views[cpu], this.views[cpu].sectionsAtGrace);
  }

  #graceEnds(me: CpuViews, sections: number): void {
    const c = this.messages.join(me.all.c, this.endedSections(sections));
    this.strong(me, { c, l: me.all.l, t: me.all.t });
    me.graceEnd = this.executed.length;
  }

  override callRcu(cpu: number, call: number): void {
    this.#calls.set(call, { all: this.views[cpu].all, index: this.executed.length, sections: 0 });
  }

  override callbackGraceStart(cpu: number, call: number): void {
    const called = this.#calls.get(call);
    if (called === undefined) return;
    this.global = this.messages.join(this.global, called.all.c);
    this.#graceStart = this.messages.join(this.#graceStart, this.global);
    called.sections = this.#sections.length;
    this.#graceStarts[cpu] = Math.max(this.#graceStarts[cpu] ?? 0, called.index);
  }

  override callbackGraceEnd(cpu: number, call: number): void {
    this.#graceEnds(this.views[cpu], this.#calls.get(call)?.sections ?? 0);
  }

  /** What the first so many sections publish, those that have ended. */
  protected endedSections(count: number): View {
    let ended: View = nothing;
    for (let i = 0; i < count; i++) ended = this.messages.join(ended, this.#sections[i] ?? nothing);
    return ended;
  }

  /** Adds to the key of a state what fences and grace periods have published, and what a later one's end would. */
  protected addRcuState(add: (view: View) => void): void {
    add(this.global);
    add(this.#graceStart);
    add(this.endedSections(this.#sections.length));
  }
}
