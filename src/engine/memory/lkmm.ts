import { Choice, Fence, Order, RmwOp } from '../access.ts';
import { nothing, unreached, type View } from './lkmm-messages.ts';
import { LkmmRcu } from './lkmm-rcu.ts';
import { type CpuViews, type Floors, free } from './lkmm-views.ts';
import { Note, rmwFails, rmwResult, type StateKey } from './memory.ts';

/**
 * The Linux-kernel memory model as far as an in-order machine can go: stores reach CPUs at different times, each
 * carrying what must be seen before it; nothing is ordered but by barriers, acquire, release and dependencies. Views
 * instead of time: see Kang et al., "A promising semantics", POPL 2017, without its promises.
 *
 * What it leaves out: loads that complete after later stores (load buffering). Model code shows no data and
 * control dependencies, so a store is taken to depend on all earlier loads of its CPU; litmus tests say exactly.
 */
export class Lkmm extends LkmmRcu {
  override readonly name: string = 'lkmm';
  /** Per translation: the stores made through it. */
  readonly #through: View[] = [];

  protected override resetModel(): void {
    super.resetModel();
    this.#through.length = 0;
  }

  override settle(): void {
    this.resetModel();
  }

  // ---- read-modify-writes ---------------------------------------------------------------------------------------

  override rmw(
    cpu: number,
    address: number,
    op: number,
    operand: number,
    expected: number,
    order: number,
    site: number,
  ): number {
    const me = this.views[cpu];
    if (me.beforeAtomic !== null) {
      this.strong(me, me.beforeAtomic);
      me.beforeAtomic = null;
    }
    const messages = this.messages;
    const slot = messages.ensure(address, this.words[address]);
    const last = messages.count(slot);
    const relaxed = this.loadFloors(me, address, order);
    const full = (order & Order.Full) !== 0;
    // What a full barrier in front adds to the floors, should the operation succeed.
    let ahead = free;
    if (full) {
      const t = messages.join(messages.join(me.all.t, this.global), me.all.c);
      ahead = { l: messages.join(me.all.l, t), t };
    }
    const { dependency } = me;
    const { floors: writing } = this.storeFloors(me, slot, address, order);
    const lowest = this.lowest(me, slot, relaxed.l);
    const behind = Math.max(lowest, messages.reached(ahead.l, slot), messages.reached(writing.l, slot));
    // `bit_spin_lock` waits for the newest value to be free and takes that one.
    const locking = op === RmwOp.Or && order === Order.Acquire;
    const places: number[] = [];
    for (let p = last; p >= lowest && (p === last || !(locking || this.tired(me, address))); p--) {
      const fails = rmwFails(op, messages.valueAt(slot, p), expected);
      const inserts = p >= behind && (p === last || this.mayInsert(address)) && messages.open(slot, p);
      if (fails || inserts) places.push(p);
    }
    let k = places.length > 1 ? this.host.choose(Choice.Stale, places.length) : 0;
    while (k > 0 && !this.#mayModify(me, cpu, slot, places[k], order, relaxed, writing)) k--;
    const place = places[k];
    this.countStale(me, address, last - place);
    const old = messages.valueAt(slot, place);
    if (rmwFails(op, old, expected)) {
      this.host.note |= Note.Failed;
      const kept = order & (Order.Void | Order.Pointer | Order.Dependent);
      this.read(me, cpu, address, slot, place, kept, relaxed);
      me.atRmw = me.all;
      return old;
    }
    if (full) this.strong(me, me.all);
    const before = messages.at(slot, place);
    this.read(me, cpu, address, slot, place, order, this.loadFloors(me, address, order));
    if (full && this.race !== null) this.race.full(cpu);
    me.dependency = dependency;
    const { floors, data } = this.storeFloors(me, slot, address, order);
    const value = rmwResult(op, old, operand, expected);
    this.insert(me, cpu, slot, place, value, order, site, floors, data, { message: before }, nothing);
    me.atRmw = me.all;
    if (full) this.strong(me, me.all);
    return old;
  }

  /** Whether both halves of a read-modify-write may be at a place; a failing one is judged as if it wrote. */
  #mayModify(
    me: CpuViews,
    cpu: number,
    slot: number,
    place: number,
    order: number,
    reading: Floors,
    writing: Floors,
  ): boolean {
    const address = this.messages.addressOf(slot);
    if (!this.mayRead(me, cpu, address, slot, place, order, reading)) return false;
    return this.mayWrite(me, cpu, address, place, order, writing);
  }

  // ---- barriers -------------------------------------------------------------------------------------------------

  override fence(cpu: number, fence: number): void {
    const me = this.views[cpu];
    const messages = this.messages;
    switch (fence) {
      case Fence.Rmb:
        me.rmb++;
        me.loadL = messages.join(me.loadL, me.loads.l);
        me.loadT = messages.join(me.loadT, me.loads.t);
        break;
      case Fence.Wmb:
        me.wmb++;
        me.storeL = messages.join(me.storeL, me.stores.l);
        me.storeT = messages.join(me.storeT, me.stores.t);
        me.carried = messages.join(me.carried, me.stores.c);
        break;
      case Fence.MbBeforeAtomic:
        me.beforeAtomic = me.all;
        break;
      case Fence.MbAfterAtomic:
        this.strong(me, me.atRmw);
        break;
      case Fence.MbAfterSpinlock:
        this.strong(me, me.atLock);
        break;
      case Fence.MbAfterUnlockLock: {
        const { c, l, t } = me.unlockBeforeLock;
        this.strong(me, { c: messages.join(c, me.unlocksRead), l, t });
        break;
      }
      default:
        this.strong(me, me.all);
    }
    if (this.race !== null) this.race.fence(cpu, fence);
  }

  // ---- locks ----------------------------------------------------------------------------------------------------

  override acquireWord(cpu: number, address: number, value: number, site: number): void {
    const me = this.views[cpu];
    const messages = this.messages;
    const slot = messages.ensure(address, this.words[address]);
    const place = messages.count(slot);
    const before = messages.at(slot, place);
    const { dependency } = me;
    this.read(me, cpu, address, slot, place, Order.Acquire, this.loadFloors(me, address, 0));
    me.dependency = dependency;
    const { floors, data } = this.storeFloors(me, slot, address, 0);
    this.insert(me, cpu, slot, place, value, Order.Acquire, site, floors, data, { message: before }, nothing);
    if (before !== null) {
      me.carried = messages.join(me.carried, before.os);
      me.unlocksRead = messages.join(messages.join(me.unlocksRead, before.pv), before.hv);
    }
    if (me.unlocked) {
      me.handovers++;
      me.carried = messages.join(me.carried, me.storesAtUnlock);
      me.l = messages.join(me.l, me.atUnlock.l);
      me.t = messages.join(me.t, me.atUnlock.t);
    }
    me.unlockBeforeLock = me.atUnlock;
    me.atLock = me.all;
  }

  override unlockWord(cpu: number, address: number, site: number): void {
    this.releaseWord(cpu, address, 0, site);
  }

  override releaseWord(cpu: number, address: number, value: number, site: number): void {
    const me = this.views[cpu];
    const slot = this.messages.ensure(address, this.words[address]);
    const { all, stores } = me;
    const { floors, data } = this.storeFloors(me, slot, address, Order.Release);
    const place = this.messages.count(slot);
    // Where several hold the lock it is a read-modify-write: who takes it next comes after all of them.
    const before = this.messages.at(slot, place);
    const os = this.messages.join(stores.c, before?.os ?? nothing);
    this.insert(me, cpu, slot, place, value, Order.Release, site, floors, data, { message: before }, os);
    me.unlocked = true;
    me.atUnlock = all;
    me.storesAtUnlock = stores.c;
  }

  // ---- page tables, allocation -----------------------------------------------------------------------------------

  override walk(cpu: number, address: number): number {
    // The walker sees memory as it is; older entries come from the TLB.
    const me = this.views[cpu];
    const slot = this.messages.slotOf(address);
    const floors = this.loadFloors(me, address, 0);
    const entry = this.read(me, cpu, address, slot, this.messages.count(slot), Order.Relaxed, floors);
    this.followed(me, me.lastRead);
    return entry;
  }

  override markTranslation(_cpu: number, translation: number): void {
    this.#through[translation] = this.messages.join(this.#through[translation] ?? nothing, this.written);
  }

  override translationFlushed(cpu: number, translation: number, local: boolean): void {
    const me = this.views[cpu];
    const { c, l, t } = me.all;
    const through = local ? nothing : (this.#through[translation] ?? nothing);
    this.strong(me, { c: this.messages.join(c, through), l, t });
    if (this.race !== null) this.race.fence(cpu, Fence.Mb);
  }

  override pointerTime(cpu: number): number {
    return this.views[cpu].pointer;
  }

  override usePointerTime(cpu: number, time: number): void {
    this.views[cpu].pointer = time;
  }

  override useStoreTime(cpu: number, time: number): void {
    this.exact = true;
    this.views[cpu].dependency = time;
  }

  override laterTime(a: number, b: number): number {
    const joined = this.joinFloors(this.times[a], this.times[b]);
    return joined === this.times[a] ? a : this.times.push(joined) - 1;
  }

  override retire(_cpu: number, from: number, to: number): void {
    for (let a = from; a < to; a++) this.messages.retire(a);
  }

  // ---- nothing is delayed -----------------------------------------------------------------------------------------

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

  override settledFor(cpu: number, address: number): boolean {
    const slot = this.messages.slotOf(address);
    const me = this.views[cpu];
    return slot < 0 || this.lowest(me, slot, me.l) === this.messages.count(slot);
  }

  override catchUp(): void {
    for (const me of this.views) {
      for (let slot = 0; slot < this.messages.slots; slot++)
        me.coherence[slot] = this.messages.numberAt(slot, this.messages.count(slot));
    }
  }

  // ---- keys of states -----------------------------------------------------------------------------------------------

  override addTime(key: StateKey, cpu: number, time: number): void {
    const me = this.views[cpu];
    const { l, t } = this.times[time] ?? free;
    this.messages.addView(key, this.messages.join(me.l, l));
    this.messages.addView(key, this.messages.join(me.t, t));
  }

  override addState(key: StateKey, _graces: readonly number[]): void {
    const messages = this.messages;
    const add = (view: View) => messages.addView(key, view);
    for (let address = 0; address < this.size; address++) {
      const slot = messages.slotOf(address);
      if (slot < 0) continue;
      key.add(address);
      for (let p = 1; p <= messages.count(slot); p++) {
        const m = messages.at(slot, p);
        if (m === null) continue;
        key.add(m.value);
        key.add(m.cpu * 2 + Number(m.glued));
        for (const view of [m.pv, m.hv, m.dl, m.dt, m.os]) add(view);
      }
      this.views.forEach((me, cpu) => {
        key.add(messages.placeOf(me.coherence[slot] ?? 0));
        const { l, t } = me.own[slot] ?? free;
        add(messages.join(me.l, l));
        add(messages.join(me.t, t));
        key.add(cpu);
      });
    }
    this.addRcuState(add);
    for (const view of this.#through) add(view ?? nothing);
    for (const me of this.views) {
      for (const view of [
        me.l,
        me.loadL,
        me.storeL,
        me.all.l,
        me.loads.l,
        me.stores.l,
        me.atRmw.l,
        me.atLock.l,
      ])
        add(messages.join(me.l, view));
      for (const view of [
        me.t,
        me.loadT,
        me.storeT,
        me.all.t,
        me.loads.t,
        me.stores.t,
        me.atRmw.t,
        me.atLock.t,
      ])
        add(messages.join(me.t, view));
      for (const reach of [me.atUnlock, me.unlockBeforeLock, me.beforeAtomic ?? unreached]) {
        add(reach.c);
        add(messages.join(me.l, reach.l));
        add(messages.join(me.t, reach.t));
      }
      for (const view of [me.carried, me.all.c, me.stores.c, me.atRmw.c, me.atLock.c, me.storesAtUnlock])
        add(view);
      add(me.unlocksRead);
      add(messages.join(me.l, me.read.l));
      add(messages.join(me.t, me.read.t));
      key.add(Number(me.unlocked) + 2 * Number(me.beforeAtomic !== null));
      key.add(me.streakAddress === 0 ? 0 : me.streakAddress * 16 + me.streak);
      add(this.endedSections(me.sectionsAtGrace));
    }
  }
}
