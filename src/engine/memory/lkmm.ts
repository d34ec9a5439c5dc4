import { Choice, Fence, Order, RmwOp } from '../access.ts';
import type { Layout } from '../layout.ts';
import { type Message, Messages, nothing, type Reach, unreached, type View } from './lkmm-messages.ts';
import { ExecutionOrder, type Knowledge, type Placing } from './lkmm-order.ts';
import { Memory, type MemoryHost, Note, rmwFails, rmwResult, type StateKey } from './memory.ts';

/** Stale reads of one word in a row after which a CPU must read the newest value. */
const MAX_STALE_STREAK = 6;

/** Floors that a value carries: those of the loads that it was computed from. */
interface Floors {
  readonly l: View;
  readonly t: View;
}

const free: Floors = { l: nothing, t: nothing };

/** The message that a read-modify-write read and directly follows; null for the initial value. */
interface Modified {
  readonly message: Message | null;
}

/** What the model keeps per CPU; see memory-semantics, section 2. */
class CpuViews {
  /** Last message read or written, per slot. */
  coherence: number[] = [];
  /** Floors of the earlier accesses to a location, per slot. */
  own: Floors[] = [];
  l: View = nothing;
  t: View = nothing;
  /** What smp_rmb adds for later loads, smp_wmb for later stores. */
  loadL: View = nothing;
  loadT: View = nothing;
  storeL: View = nothing;
  storeT: View = nothing;
  /** What every later store carries. */
  carried: View = nothing;
  /** All earlier accesses, loads that smp_rmb orders, stores. */
  all: Reach = unreached;
  loads: Reach = unreached;
  stores: Reach = unreached;
  /** All value-returning loads: what a store depends on when nothing better is known. */
  read: Floors = free;
  /** The last load. */
  lastRead: Floors = free;
  /** `all` at certain points. */
  atRmw: Reach = unreached;
  atLock: Reach = unreached;
  atUnlock: Reach = unreached;
  unlockBeforeLock: Reach = unreached;
  beforeAtomic: Reach | null = null;
  unlocked = false;
  storesAtUnlock: View = nothing;
  /** pv and hv of the unlocks that this CPU's locks have read. */
  unlocksRead: View = nothing;
  /** Objects whose address was loaded, and the floors of those loads. */
  readonly objects = new Map<number, Floors>();
  /** Number of floors of the last pointer load. */
  pointer = 0;
  /** Number of floors of what the next store depends on; -1: not known. */
  dependency = -1;
  sectionsAtGrace = 0;
  /** Sections that this CPU is in, and some that have ended before the others. */
  openSections: number[] = [];
  sectionDepth = 0;
  /** Barriers and handed-over locks so far, and the accesses logged at the end of the last grace period. */
  strong = 0;
  rmb = 0;
  wmb = 0;
  handovers = 0;
  graceEnd = 0;
  /** Accesses logged when each CPU last started a grace period before this CPU's section. */
  startedBefore: readonly number[] = [];
  streakAddress = 0;
  streak = 0;
}

/**
 * The Linux-kernel memory model as far as an in-order machine can go: stores reach CPUs at different times, each
 * carrying what must be seen before it; nothing is ordered but by barriers, acquire, release and dependencies. Views
 * instead of time: see Kang et al., "A promising semantics", POPL 2017, without its promises.
 *
 * What it leaves out: loads that complete after later stores (load buffering). Model code shows no data and
 * control dependencies, so a store is taken to depend on all earlier loads of its CPU; litmus tests say exactly.
 */
export class Lkmm extends Memory {
  override readonly name: string = 'lkmm';
  readonly #messages: Messages;
  readonly #order: ExecutionOrder;
  readonly #objectBase: Int32Array;
  #cpus: CpuViews[] = [];
  /** What full fences have published, and what it was when a grace period last started. */
  #global: View = nothing;
  #graceStart: View = nothing;
  /** Per read-side section: what its end publishes; null while it runs. */
  readonly #sections: (View | null)[] = [];
  /** Per CPU: accesses logged when it last started a grace period. */
  readonly #graceStarts: number[] = [];
  readonly #times: Floors[] = [];
  /** Per translation: the stores made through it. */
  readonly #through: View[] = [];
  /** The store that was made last. */
  #written: View = nothing;
  #exact = false;

  constructor(layout: Layout, cpus: number, host: MemoryHost) {
    super(layout, cpus, host);
    this.#messages = new Messages(this.size);
    this.#order = new ExecutionOrder(this.#messages);
    this.#objectBase = Int32Array.from(layout.objectBase);
    this.resetModel();
  }

  protected override resetModel(): void {
    this.#messages.reset();
    this.#order.reset();
    this.#cpus = Array.from({ length: this.cpus }, () => new CpuViews());
    this.#global = nothing;
    this.#graceStart = nothing;
    this.#sections.length = 0;
    this.#graceStarts.length = 0;
    this.#times.length = 0;
    this.#times.push(free);
    this.#through.length = 0;
  }

  override settle(): void {
    this.resetModel();
  }

  // ---- loads --------------------------------------------------------------------------------------------------

  override load(cpu: number, address: number, order: number): number {
    return this.#load(cpu, address, order, 0, 0);
  }

  override waitReady(cpu: number, address: number, mask: number, want: number): boolean {
    return (this.newest(cpu, address) & mask) === want;
  }

  override wait(cpu: number, address: number, mask: number, want: number, order: number): number {
    return this.#load(cpu, address, order, mask, want);
  }

  /** Reads one of the values v in reach with (v & mask) === want. */
  #load(cpu: number, address: number, order: number, mask: number, want: number): number {
    const me = this.#cpus[cpu];
    const floors = this.#loadFloors(me, address, order);
    const slot = this.#messages.slotOf(address);
    const last = this.#messages.count(slot);
    const first = last === 0 ? 0 : this.#lowest(me, slot, floors.l);
    let place = last;
    if (last > first && !this.#tired(me, address)) {
      const fits: number[] = [];
      for (let p = last; p >= first; p--) if ((this.#messages.valueAt(slot, p) & mask) === want) fits.push(p);
      let k = fits.length > 1 ? this.host.choose(Choice.Stale, fits.length) : 0;
      while (k > 0 && !this.#mayRead(me, cpu, address, slot, fits[k], order, floors)) k--;
      place = fits[k];
    }
    this.#countStale(me, address, last - place);
    return this.#read(me, cpu, address, slot, place, order, floors);
  }

  #mayRead(
    me: CpuViews,
    cpu: number,
    address: number,
    slot: number,
    place: number,
    order: number,
    floors: Floors,
  ): boolean {
    const known = this.#known(cpu, slot, place, floors);
    return this.#order.allows(this.#placing(me, cpu, address, false, order), known, place);
  }

  /** What a load of the message at a place learns that must have been there when it executed. */
  #known(cpu: number, slot: number, place: number, floors: Floors): Knowledge {
    const message = slot < 0 ? null : this.#messages.at(slot, place);
    const id = slot < 0 ? 0 : this.#messages.numberAt(slot, place);
    if (message === null || message.cpu === cpu) return { message: id, c: nothing, t: floors.t };
    const c = this.#messages.join(message.c, message.hv);
    return { message: id, c, t: this.#messages.join(floors.t, message.hv) };
  }

  #placing(me: CpuViews, cpu: number, address: number, store: boolean, order: number): Placing {
    return {
      cpu,
      address,
      store,
      acquire: !store && (order & Order.Acquire) !== 0,
      release: store && (order & Order.Release) !== 0,
      dependent:
        ((order & Order.Dependent) !== 0 && me.pointer !== 0) || me.objects.has(this.#objectBase[address]),
      strong: me.strong,
      rmb: me.rmb,
      wmb: me.wmb,
      handovers: me.handovers,
      inSection: me.sectionDepth > 0,
      grace: me.graceEnd,
      startedBefore: me.startedBefore,
    };
  }

  #loadFloors(me: CpuViews, address: number, order: number): Floors {
    const { l, t } = this.#addressFloors(me, address, order);
    const join = (a: View, b: View) => this.#messages.join(a, b);
    if ((order & Order.Void) !== 0) return { l: join(me.l, l), t: join(me.t, t) };
    return { l: join(join(me.l, me.loadL), l), t: join(join(me.t, me.loadT), t) };
  }

  /** What the address of an access depends on. */
  #addressFloors(me: CpuViews, address: number, order: number): Floors {
    const object = me.objects.size === 0 ? undefined : me.objects.get(this.#objectBase[address]);
    const pointer = (order & Order.Dependent) === 0 ? free : this.#times[me.pointer];
    return object === undefined ? pointer : this.#joinFloors(object, pointer);
  }

  #joinFloors(a: Floors, b: Floors): Floors {
    const l = this.#messages.join(a.l, b.l);
    const t = this.#messages.join(a.t, b.t);
    return l === a.l && t === a.t ? a : { l, t };
  }

  /** The earliest place that a CPU may read or write behind. */
  #lowest(me: CpuViews, slot: number, floor: View): number {
    return Math.max(this.#messages.reached(floor, slot), this.#messages.placeOf(me.coherence[slot] ?? 0));
  }

  #tired(me: CpuViews, address: number): boolean {
    if (me.streakAddress !== address || me.streak < MAX_STALE_STREAK) return false;
    me.streakAddress = 0;
    return true;
  }

  #countStale(me: CpuViews, address: number, stale: number): void {
    if (stale > 0) this.host.note |= stale << Note.StaleShift;
    if (stale === 0) me.streakAddress = 0;
    else if (me.streakAddress === address) me.streak++;
    else {
      me.streakAddress = address;
      me.streak = 1;
    }
  }

  #read(
    me: CpuViews,
    cpu: number,
    address: number,
    slot: number,
    place: number,
    order: number,
    floors: Floors,
  ): number {
    const messages = this.#messages;
    const message = slot < 0 ? null : messages.at(slot, place);
    let { l, t } = floors;
    let c: View = nothing;
    if (message !== null && message.cpu === cpu) {
      l = messages.join(l, message.dl);
      t = messages.join(t, message.dt);
    } else if (message !== null) {
      c = message.c;
      l = messages.join(messages.join(l, c), message.hv);
      t = messages.join(t, message.hv);
    }
    if (slot >= 0) {
      me.coherence[slot] = messages.numberAt(slot, place);
      me.own[slot] = this.#joinFloors(me.own[slot] ?? free, { l, t });
    }
    this.#order.add(this.#placing(me, cpu, address, false, order), this.#known(cpu, slot, place, floors));
    const reach = { c, l, t };
    me.lastRead = reach;
    me.all = messages.joinReach(me.all, reach);
    if ((order & Order.Void) === 0) {
      me.loads = messages.joinReach(me.loads, reach);
      if (!this.#exact) me.read = this.#joinFloors(me.read, reach);
    }
    if ((order & Order.Acquire) !== 0) {
      me.l = messages.join(me.l, l);
      me.t = messages.join(me.t, t);
    }
    const value =
      slot < 0 || messages.count(slot) === 0 ? this.words[address] : messages.valueAt(slot, place);
    if ((order & Order.Pointer) !== 0) this.#pointer(me, value, reach);
    if (this.race !== null) this.race.loaded(cpu, address, message?.snapshot ?? 0, order);
    return value;
  }

  #pointer(me: CpuViews, value: number, floors: Floors): void {
    this.#followed(me, floors);
    if (me.pointer === 0 || value <= 0 || value >= this.size || this.#exact) return;
    const base = this.#objectBase[value];
    me.objects.set(base, this.#joinFloors(me.objects.get(base) ?? free, floors));
  }

  /** What is read through the last pointer or page-table entry is ordered after the load that these floors are of. */
  #followed(me: CpuViews, floors: Floors): void {
    me.pointer = floors.l.length === 0 ? 0 : this.#times.push({ l: floors.l, t: floors.t }) - 1;
  }

  // ---- stores -------------------------------------------------------------------------------------------------

  override store(cpu: number, address: number, value: number, order: number, site: number): void {
    const me = this.#cpus[cpu];
    const slot = this.#messages.ensure(address, this.words[address]);
    const { floors, data } = this.#storeFloors(me, slot, address, order);
    const last = this.#messages.count(slot);
    const places: number[] = [];
    const lowest = this.#mayInsert(address) ? this.#lowest(me, slot, floors.l) : last;
    for (let p = last; p >= lowest; p--) if (this.#messages.open(slot, p)) places.push(p);
    let k = places.length > 1 ? this.host.choose(Choice.Delay, places.length) : 0;
    while (k > 0 && !this.#mayWrite(me, cpu, address, places[k], order, floors)) k--;
    if (k > 0) this.host.note |= Note.Delayed;
    this.#write(me, cpu, slot, places[k], value, order, site, floors, data, null, nothing);
  }

  #mayWrite(
    me: CpuViews,
    cpu: number,
    address: number,
    place: number,
    order: number,
    floors: Floors,
  ): boolean {
    const c = (order & Order.Release) === 0 ? me.carried : this.#messages.join(me.carried, me.all.c);
    const known = { message: -1, c, t: floors.t };
    return this.#order.allows(this.#placing(me, cpu, address, true, order), known, place);
  }

  /** Watched words settle the order of their stores as they come: who watches sees them in coherence order. */
  #mayInsert(address: number): boolean {
    return this.watched[address] === 0;
  }

  #storeFloors(
    me: CpuViews,
    slot: number,
    address: number,
    order: number,
  ): { readonly floors: Floors; readonly data: Floors } {
    const at = this.#addressFloors(me, address, order);
    const data = this.#joinFloors(at, me.dependency < 0 ? me.read : this.#times[me.dependency]);
    me.dependency = -1;
    let floors = this.#joinFloors({ l: me.l, t: me.t }, { l: me.storeL, t: me.storeT });
    floors = this.#joinFloors(this.#joinFloors(floors, data), me.own[slot] ?? free);
    if ((order & Order.Release) !== 0) floors = this.#joinFloors(floors, me.all);
    return { floors, data };
  }

  #write(
    me: CpuViews,
    cpu: number,
    slot: number,
    place: number,
    value: number,
    order: number,
    site: number,
    floors: Floors,
    data: Floors,
    modified: Modified | null,
    os: View,
  ): void {
    const messages = this.#messages;
    const address = messages.addressOf(slot);
    const found = modified?.message ?? null;
    let pv = messages.join(me.carried, found?.pv ?? nothing);
    if ((order & Order.Release) !== 0) pv = messages.join(pv, me.all.c);
    const snapshot = this.race === null ? 0 : this.race.sequel(cpu, found?.snapshot ?? 0, order);
    const message: Message = {
      cpu,
      address,
      value,
      pv,
      hv: floors.t,
      dl: data.l,
      dt: data.t,
      glued: modified !== null,
      os,
      snapshot,
      c: pv,
    };
    const newest = place === messages.count(slot);
    const id = messages.insert(slot, place, message);
    if (newest) {
      this.write(cpu, address, value, site);
      if (this.race !== null) this.race.published(address, snapshot);
    }
    this.#order.add(this.#placing(me, cpu, address, true, order), {
      message: id,
      c: message.c,
      t: floors.t,
    });
    const reach = { c: message.c, l: messages.join(floors.l, message.c), t: floors.t };
    this.#written = message.c;
    me.coherence[slot] = id;
    me.own[slot] = this.#joinFloors(me.own[slot] ?? free, reach);
    me.all = messages.joinReach(me.all, reach);
    me.stores = messages.joinReach(me.stores, reach);
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
    const me = this.#cpus[cpu];
    if (me.beforeAtomic !== null) {
      this.#strong(me, me.beforeAtomic);
      me.beforeAtomic = null;
    }
    const messages = this.#messages;
    const slot = messages.ensure(address, this.words[address]);
    const last = messages.count(slot);
    const relaxed = this.#loadFloors(me, address, order);
    const full = (order & Order.Full) !== 0;
    // What a full barrier in front adds to the floors, should the operation succeed.
    let ahead = free;
    if (full) {
      const t = messages.join(messages.join(me.all.t, this.#global), me.all.c);
      ahead = { l: messages.join(me.all.l, t), t };
    }
    const { dependency } = me;
    const { floors: writing } = this.#storeFloors(me, slot, address, order);
    const lowest = this.#lowest(me, slot, relaxed.l);
    const behind = Math.max(lowest, messages.reached(ahead.l, slot), messages.reached(writing.l, slot));
    // `bit_spin_lock` waits for the newest value to be free and takes that one.
    const locking = op === RmwOp.Or && order === Order.Acquire;
    const places: number[] = [];
    for (let p = last; p >= lowest && (p === last || !(locking || this.#isTired(me, address))); p--) {
      const fails = rmwFails(op, messages.valueAt(slot, p), expected);
      const inserts = p >= behind && (p === last || this.#mayInsert(address)) && messages.open(slot, p);
      if (fails || inserts) places.push(p);
    }
    let k = places.length > 1 ? this.host.choose(Choice.Stale, places.length) : 0;
    while (k > 0 && !this.#mayModify(me, cpu, slot, places[k], order, relaxed, writing)) k--;
    const place = places[k];
    this.#countStale(me, address, last - place);
    const old = messages.valueAt(slot, place);
    if (rmwFails(op, old, expected)) {
      this.host.note |= Note.Failed;
      const kept = order & (Order.Void | Order.Pointer | Order.Dependent);
      this.#read(me, cpu, address, slot, place, kept, relaxed);
      me.atRmw = me.all;
      return old;
    }
    if (full) this.#strong(me, me.all);
    const before = messages.at(slot, place);
    this.#read(me, cpu, address, slot, place, order, this.#loadFloors(me, address, order));
    if (full && this.race !== null) this.race.full(cpu);
    me.dependency = dependency;
    const { floors, data } = this.#storeFloors(me, slot, address, order);
    const value = rmwResult(op, old, operand, expected);
    this.#write(me, cpu, slot, place, value, order, site, floors, data, { message: before }, nothing);
    me.atRmw = me.all;
    if (full) this.#strong(me, me.all);
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
    const address = this.#messages.addressOf(slot);
    if (!this.#mayRead(me, cpu, address, slot, place, order, reading)) return false;
    return this.#mayWrite(me, cpu, address, place, order, writing);
  }

  #isTired(me: CpuViews, address: number): boolean {
    return me.streakAddress === address && me.streak >= MAX_STALE_STREAK;
  }

  // ---- barriers -------------------------------------------------------------------------------------------------

  /** A full barrier for the accesses in `a`. */
  #strong(me: CpuViews, a: Reach): void {
    const messages = this.#messages;
    me.strong++;
    this.#global = messages.join(this.#global, a.c);
    me.t = messages.join(messages.join(me.t, a.t), this.#global);
    me.l = messages.join(messages.join(me.l, a.l), me.t);
  }

  override fence(cpu: number, fence: number): void {
    const me = this.#cpus[cpu];
    const messages = this.#messages;
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
        this.#strong(me, me.atRmw);
        break;
      case Fence.MbAfterSpinlock:
        this.#strong(me, me.atLock);
        break;
      case Fence.MbAfterUnlockLock: {
        const { c, l, t } = me.unlockBeforeLock;
        this.#strong(me, { c: messages.join(c, me.unlocksRead), l, t });
        break;
      }
      default:
        this.#strong(me, me.all);
    }
    if (this.race !== null) this.race.fence(cpu, fence);
  }

  // ---- locks ----------------------------------------------------------------------------------------------------

  override acquireWord(cpu: number, address: number, value: number, site: number): void {
    const me = this.#cpus[cpu];
    const messages = this.#messages;
    const slot = messages.ensure(address, this.words[address]);
    const place = messages.count(slot);
    const before = messages.at(slot, place);
    const { dependency } = me;
    this.#read(me, cpu, address, slot, place, Order.Acquire, this.#loadFloors(me, address, 0));
    me.dependency = dependency;
    const { floors, data } = this.#storeFloors(me, slot, address, 0);
    this.#write(me, cpu, slot, place, value, Order.Acquire, site, floors, data, { message: before }, nothing);
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
    const me = this.#cpus[cpu];
    const slot = this.#messages.ensure(address, this.words[address]);
    const { all, stores } = me;
    const { floors, data } = this.#storeFloors(me, slot, address, Order.Release);
    const place = this.#messages.count(slot);
    // Where several hold the lock it is a read-modify-write: who takes it next comes after all of them.
    const before = this.#messages.at(slot, place);
    const os = this.#messages.join(stores.c, before?.os ?? nothing);
    this.#write(me, cpu, slot, place, value, Order.Release, site, floors, data, { message: before }, os);
    me.unlocked = true;
    me.atUnlock = all;
    me.storesAtUnlock = stores.c;
  }

  // ---- RCU, page tables, allocation -------------------------------------------------------------------------------

  override rcuReadLock(cpu: number): void {
    const me = this.#cpus[cpu];
    me.l = this.#messages.join(me.l, this.#graceStart);
    me.t = this.#messages.join(me.t, this.#graceStart);
    me.openSections.push(this.#sections.push(null) - 1);
    me.sectionDepth++;
    me.startedBefore = [...this.#graceStarts];
  }

  override rcuReadUnlock(cpu: number, _section: number): void {
    const me = this.#cpus[cpu];
    // Sections of several domains may end in any order: what is published for one that goes on is published anew.
    const done = this.#messages.join(me.all.c, me.all.t);
    for (const section of me.openSections) this.#sections[section] = done;
    if (--me.sectionDepth === 0) me.openSections.length = 0;
  }

  override gracePeriodStart(cpu: number): void {
    const me = this.#cpus[cpu];
    this.#strong(me, me.all);
    this.#graceStart = this.#messages.join(this.#graceStart, this.#global);
    me.sectionsAtGrace = this.#sections.length;
    this.#graceStarts[cpu] = this.#order.length;
  }

  override gracePeriodEnd(cpu: number): void {
    const me = this.#cpus[cpu];
    let { c } = me.all;
    for (let i = 0; i < me.sectionsAtGrace; i++) c = this.#messages.join(c, this.#sections[i] ?? nothing);
    this.#strong(me, { c, l: me.all.l, t: me.all.t });
    me.graceEnd = this.#order.length;
  }

  override walk(cpu: number, address: number): number {
    // The walker sees memory as it is; older entries come from the TLB.
    const me = this.#cpus[cpu];
    const slot = this.#messages.slotOf(address);
    const floors = this.#loadFloors(me, address, 0);
    const entry = this.#read(me, cpu, address, slot, this.#messages.count(slot), Order.Relaxed, floors);
    this.#followed(me, me.lastRead);
    return entry;
  }

  override markTranslation(_cpu: number, translation: number): void {
    this.#through[translation] = this.#messages.join(this.#through[translation] ?? nothing, this.#written);
  }

  override translationFlushed(cpu: number, translation: number, local: boolean): void {
    const me = this.#cpus[cpu];
    const { c, l, t } = me.all;
    const through = local ? nothing : (this.#through[translation] ?? nothing);
    this.#strong(me, { c: this.#messages.join(c, through), l, t });
    if (this.race !== null) this.race.fence(cpu, Fence.Mb);
  }

  override pointerTime(cpu: number): number {
    return this.#cpus[cpu].pointer;
  }

  override usePointerTime(cpu: number, time: number): void {
    this.#cpus[cpu].pointer = time;
  }

  override useStoreTime(cpu: number, time: number): void {
    this.#exact = true;
    this.#cpus[cpu].dependency = time;
  }

  override laterTime(a: number, b: number): number {
    const joined = this.#joinFloors(this.#times[a], this.#times[b]);
    return joined === this.#times[a] ? a : this.#times.push(joined) - 1;
  }

  override retire(_cpu: number, from: number, to: number): void {
    for (let a = from; a < to; a++) this.#messages.retire(a);
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
    const slot = this.#messages.slotOf(address);
    const me = this.#cpus[cpu];
    return slot < 0 || this.#lowest(me, slot, me.l) === this.#messages.count(slot);
  }

  override catchUp(): void {
    for (const me of this.#cpus) {
      for (let slot = 0; slot < this.#messages.slots; slot++)
        me.coherence[slot] = this.#messages.numberAt(slot, this.#messages.count(slot));
    }
  }

  // ---- keys of states -----------------------------------------------------------------------------------------------

  override addTime(key: StateKey, cpu: number, time: number): void {
    const me = this.#cpus[cpu];
    const { l, t } = this.#times[time] ?? free;
    this.#messages.addView(key, this.#messages.join(me.l, l));
    this.#messages.addView(key, this.#messages.join(me.t, t));
  }

  override addState(key: StateKey, _graces: readonly number[]): void {
    const messages = this.#messages;
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
      this.#cpus.forEach((me, cpu) => {
        key.add(messages.placeOf(me.coherence[slot] ?? 0));
        const { l, t } = me.own[slot] ?? free;
        add(messages.join(me.l, l));
        add(messages.join(me.t, t));
        key.add(cpu);
      });
    }
    add(this.#global);
    add(this.#graceStart);
    for (const view of this.#through) add(view ?? nothing);
    for (const me of this.#cpus) {
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
      // What a grace period's end hands on depends on the sections of before its start.
      let ended: View = nothing;
      for (let i = 0; i < me.sectionsAtGrace; i++) ended = messages.join(ended, this.#sections[i] ?? nothing);
      add(ended);
    }
    // And what a later one would: of all sections that have ended.
    let ended: View = nothing;
    for (const section of this.#sections) ended = messages.join(ended, section ?? nothing);
    add(ended);
  }
}
