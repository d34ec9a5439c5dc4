import { Choice, Order } from '../access.ts';
import type { Layout } from '../layout.ts';
import { type Message, Messages, nothing, type View } from './lkmm-messages.ts';
import { type Event, ExecutionOrder } from './lkmm-order.ts';
import { CpuViews, type Floors, free, type Modified } from './lkmm-views.ts';
import { Memory, type MemoryHost, Note } from './memory.ts';

/** Stale reads of one word in a row after which a CPU must read the newest value. */
const MAX_STALE_STREAK = 6;

/** Loads and stores of the model `lkmm` (lkmm.ts): which message is read, where one is inserted, and what that teaches. */
export abstract class LkmmAccesses extends Memory {
  protected readonly messages: Messages;
  protected readonly executed: ExecutionOrder;
  protected views: CpuViews[];
  /** Floors by number: pointer times. */
  protected readonly times: Floors[] = [free];
  /** The store that was made last. */
  protected written: View = nothing;
  /** True once the program has told what a store depends on. */
  protected exact = false;
  readonly #objectBase: Int32Array;

  constructor(layout: Layout, cpus: number, host: MemoryHost) {
    super(layout, cpus, host);
    this.messages = new Messages(this.size);
    this.executed = new ExecutionOrder(this.messages);
    this.views = Array.from({ length: cpus }, () => new CpuViews());
    this.#objectBase = Int32Array.from(layout.objectBase);
  }

  protected override resetModel(): void {
    this.messages.reset();
    this.executed.reset();
    this.views = Array.from({ length: this.cpus }, () => new CpuViews());
    this.times.length = 0;
    this.times.push(free);
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
    const me = this.views[cpu];
    const floors = this.loadFloors(me, address, order);
    const slot = this.messages.slotOf(address);
    const last = this.messages.count(slot);
    const first = last === 0 ? 0 : this.lowest(me, slot, floors.l);
    let place = last;
    if (last > first && !this.#forcedNewest(me, address)) {
      const fits: number[] = [];
      for (let p = last; p >= first; p--) if ((this.messages.valueAt(slot, p) & mask) === want) fits.push(p);
      let k = fits.length > 1 ? this.host.choose(Choice.Stale, fits.length) : 0;
      while (k > 0 && !this.mayRead(me, cpu, address, slot, fits[k], order, floors)) k--;
      place = fits[k];
    }
    this.countStale(me, address, last - place);
    return this.read(me, cpu, address, slot, place, order, floors);
  }

  override older(cpu: number, address: number, order: number): readonly number[] {
    const me = this.views[cpu];
    const slot = this.messages.slotOf(address);
    if (slot < 0 || this.tired(me, address)) return [];
    const floors = this.loadFloors(me, address, order);
    const values: number[] = [];
    for (let p = this.messages.count(slot) - 1; p >= this.lowest(me, slot, floors.l); p--) {
      if (this.mayRead(me, cpu, address, slot, p, order, floors)) values.push(this.messages.valueAt(slot, p));
    }
    return values;
  }

  protected mayRead(
    me: CpuViews,
    cpu: number,
    address: number,
    slot: number,
    place: number,
    order: number,
    floors: Floors,
  ): boolean {
    const message = slot < 0 ? null : this.messages.at(slot, place);
    const id = slot < 0 ? 0 : this.messages.numberAt(slot, place);
    const own = message === null || message.cpu === cpu;
    const c = own ? nothing : message.known;
    const t = own ? floors.t : this.messages.join(floors.t, message.hv);
    return this.executed.allows(this.#event(me, cpu, address, false, order, id, c, t), place);
  }

  #event(
    me: CpuViews,
    cpu: number,
    address: number,
    store: boolean,
    order: number,
    message: number,
    c: View,
    t: View,
  ): Event {
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
      message,
      c,
      t,
      index: this.executed.length,
    };
  }

  protected loadFloors(me: CpuViews, address: number, order: number): Floors {
    const { l, t } = this.#addressFloors(me, address, order);
    const join = (a: View, b: View) => this.messages.join(a, b);
    if ((order & Order.Void) !== 0) return { l: join(me.l, l), t: join(me.t, t) };
    return { l: join(join(me.l, me.loadL), l), t: join(join(me.t, me.loadT), t) };
  }

  /** What the address of an access depends on. */
  #addressFloors(me: CpuViews, address: number, order: number): Floors {
    const object = me.objects.size === 0 ? undefined : me.objects.get(this.#objectBase[address]);
    const pointer = (order & Order.Dependent) === 0 ? free : this.times[me.pointer];
    return object === undefined ? pointer : this.joinFloors(object, pointer);
  }

  protected joinFloors(a: Floors, b: Floors): Floors {
    const l = this.messages.join(a.l, b.l);
    const t = this.messages.join(a.t, b.t);
    return l === a.l && t === a.t ? a : { l, t };
  }

  /** The earliest place that a CPU may read or write behind. */
  protected lowest(me: CpuViews, slot: number, floor: View): number {
    return Math.max(this.messages.reached(floor, slot), this.messages.placeOf(me.coherence[slot] ?? 0));
  }

  /** Whether a CPU has read a word stale so often in a row that it must read the newest value. */
  protected tired(me: CpuViews, address: number): boolean {
    return me.streakAddress === address && me.streak >= MAX_STALE_STREAK;
  }

  #forcedNewest(me: CpuViews, address: number): boolean {
    if (!this.tired(me, address)) return false;
    me.streakAddress = 0;
    return true;
  }

  protected countStale(me: CpuViews, address: number, stale: number): void {
    if (stale > 0) this.host.note |= stale << Note.StaleShift;
    if (stale === 0) me.streakAddress = 0;
    else if (me.streakAddress === address) me.streak++;
    else {
      me.streakAddress = address;
      me.streak = 1;
    }
  }

  protected read(
    me: CpuViews,
    cpu: number,
    address: number,
    slot: number,
    place: number,
    order: number,
    floors: Floors,
  ): number {
    const messages = this.messages;
    const message = slot < 0 ? null : messages.at(slot, place);
    const id = slot < 0 ? 0 : messages.numberAt(slot, place);
    let { l, t } = floors;
    let c: View = nothing;
    let known: View = nothing;
    if (message !== null && message.cpu === cpu) {
      l = messages.join(l, message.dl);
      t = messages.join(t, message.dt);
    } else if (message !== null) {
      c = message.c;
      known = message.known;
      l = messages.join(l, known);
      t = messages.join(t, message.hv);
    }
    if (slot >= 0) {
      me.coherence[slot] = id;
      me.own[slot] = this.joinFloors(me.own[slot] ?? free, { l, t });
    }
    this.executed.add(this.#event(me, cpu, address, false, order, id, known, t));
    const reach = { c, l, t };
    me.lastRead = reach;
    me.all = messages.joinReach(me.all, reach);
    if ((order & Order.Void) === 0) {
      me.loads = messages.joinReach(me.loads, reach);
      if (!this.exact) me.read = this.joinFloors(me.read, reach);
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
    this.followed(me, floors);
    if (me.pointer === 0 || value <= 0 || value >= this.size || this.exact) return;
    const base = this.#objectBase[value];
    me.objects.set(base, this.joinFloors(me.objects.get(base) ?? free, floors));
  }

  /** What is read through the last pointer or page-table entry is ordered after the load that these floors are of. */
  protected followed(me: CpuViews, floors: Floors): void {
    me.pointer = floors.l.length === 0 ? 0 : this.times.push({ l: floors.l, t: floors.t }) - 1;
  }

  // ---- stores -------------------------------------------------------------------------------------------------

  override store(cpu: number, address: number, value: number, order: number, site: number): void {
    const me = this.views[cpu];
    const slot = this.messages.ensure(address, this.words[address]);
    const { floors, data } = this.storeFloors(me, slot, address, order);
    const last = this.messages.count(slot);
    const places: number[] = [];
    const lowest = this.mayInsert(address) ? this.lowest(me, slot, floors.l) : last;
    for (let p = last; p >= lowest; p--) if (this.messages.open(slot, p)) places.push(p);
    let k = places.length > 1 ? this.host.choose(Choice.Delay, places.length) : 0;
    while (k > 0 && !this.mayWrite(me, cpu, address, places[k], order, floors)) k--;
    if (k > 0) this.host.note |= Note.Delayed;
    this.insert(me, cpu, slot, places[k], value, order, site, floors, data, null, nothing);
  }

  protected mayWrite(
    me: CpuViews,
    cpu: number,
    address: number,
    place: number,
    order: number,
    floors: Floors,
  ): boolean {
    const c = (order & Order.Release) === 0 ? me.carried : this.messages.join(me.carried, me.all.c);
    return this.executed.allows(this.#event(me, cpu, address, true, order, -1, c, floors.t), place);
  }

  /** Watched words settle the order of their stores as they come: who watches sees them in coherence order. */
  protected mayInsert(address: number): boolean {
    return this.watched[address] === 0;
  }

  protected storeFloors(
    me: CpuViews,
    slot: number,
    address: number,
    order: number,
  ): { readonly floors: Floors; readonly data: Floors } {
    const at = this.#addressFloors(me, address, order);
    const data = this.joinFloors(at, me.dependency < 0 ? me.read : this.times[me.dependency]);
    me.dependency = -1;
    let floors = this.joinFloors({ l: me.l, t: me.t }, { l: me.storeL, t: me.storeT });
    floors = this.joinFloors(this.joinFloors(floors, data), me.own[slot] ?? free);
    if ((order & Order.Release) !== 0) floors = this.joinFloors(floors, me.all);
    return { floors, data };
  }

  protected insert(
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
    const messages = this.messages;
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
      known: pv,
    };
    const newest = place === messages.count(slot);
    const id = messages.insert(slot, place, message);
    if (newest) {
      this.write(cpu, address, value, site);
      if (this.race !== null) this.race.published(address, snapshot);
    }
    this.executed.add(this.#event(me, cpu, address, true, order, id, message.c, floors.t));
    const reach = { c: message.c, l: messages.join(floors.l, message.c), t: floors.t };
    this.written = message.c;
    me.coherence[slot] = id;
    me.own[slot] = this.joinFloors(me.own[slot] ?? free, reach);
    me.all = messages.joinReach(me.all, reach);
    me.stores = messages.joinReach(me.stores, reach);
  }
}
