import { Kind, Order } from '../access.ts';
import type { Cpu } from '../cpu.ts';
import { EngineError } from '../errors.ts';
import { Attr } from '../layout.ts';
import { Note } from '../memory/memory.ts';
import { siteCounts } from '../sites.ts';
import type { Callbacks } from './callbacks.ts';
import type { GracePeriods } from './grace-periods.ts';
import { allocate, free } from './heap.ts';
import type { Locking } from './locking.ts';
import { reportRace, reportUseAfterFree } from './reports.ts';
import type { MachineState } from './state.ts';
import type { Translations } from './translations.ts';

/** A local name: to V8 an import is a variable that it looks up and checks at every use. */
const counts = siteCounts;
/** Bits of `#about`: what a word is declared as, or whether it belongs to the slab. `Order.Pointer` is one of them. */
const PLAIN = 1;
const IN_SLAB = 2;

/** Executes one access: what every access passes through. */
export class Execution {
  readonly #m: MachineState;
  readonly #locking: Locking;
  readonly #grace: GracePeriods;
  readonly #callbacks: Callbacks;
  readonly #translations: Translations;
  /** Per word: PLAIN, IN_SLAB and Order.Pointer, so that most accesses need one look. */
  readonly #about: Int32Array;

  constructor(
    m: MachineState,
    locking: Locking,
    grace: GracePeriods,
    callbacks: Callbacks,
    translations: Translations,
  ) {
    this.#m = m;
    this.#locking = locking;
    this.#grace = grace;
    this.#callbacks = callbacks;
    this.#translations = translations;
    const { objectOf } = m.slab;
    this.#about = Int32Array.from(m.layout.attributes, (attr, a) => {
      const plain = (attr & Attr.Plain) !== 0 ? PLAIN : 0;
      const pointer = (attr & Attr.Pointer) !== 0 ? Order.Pointer : 0;
      return plain | pointer | (objectOf[a] !== 0 ? IN_SLAB : 0);
    });
  }

  /** Executes the pending access of a CPU and returns its result; what is wrong with it is a violation. */
  execute(cpu: Cpu): number {
    const m = this.#m;
    const { id, kind, address, a, site } = cpu;
    const { memory } = m;
    m.steps++;
    m.note = 0;
    counts[site]++;
    const about = this.#about[address];
    if (about === undefined) this.#nowhere(cpu);
    if ((about & IN_SLAB) !== 0 && kind !== Kind.Free && !m.slab.usable(address)) {
      reportUseAfterFree(m, cpu);
      return 0;
    }
    const through = cpu.inflight;
    if (through !== 0) {
      cpu.inflight = 0;
      m.updateIrq(cpu);
    }
    if ((about & PLAIN) !== 0) this.#checkRace(cpu);
    let result = 0;
    switch (kind) {
      case Kind.Load:
        result = memory.load(id, address, cpu.order | (about & Order.Pointer));
        if ((cpu.order & Order.TestBit) !== 0) result = (result & a) !== 0 ? 1 : 0;
        break;
      case Kind.Store:
        memory.store(id, address, a, cpu.order, site);
        if (through !== 0) memory.markTranslation(id, through - 1);
        break;
      case Kind.Rmw:
        result = memory.rmw(id, address, cpu.op, a, cpu.b, cpu.order | (about & Order.Pointer), site);
        if (through !== 0 && (m.note & Note.Failed) === 0) memory.markTranslation(id, through - 1);
        if ((cpu.order & Order.TestBit) !== 0) result = (result & a) !== 0 ? 1 : 0;
        break;
      case Kind.Fence:
        memory.fence(id, a);
        break;
      case Kind.PlainLoad:
        if ((about & PLAIN) === 0) this.#notPlain(address);
        result = memory.load(id, address, Order.Relaxed);
        break;
      case Kind.PlainStore:
        if ((about & PLAIN) === 0) this.#notPlain(address);
        memory.store(id, address, a, Order.Relaxed, site);
        if (through !== 0) memory.markTranslation(id, through - 1);
        break;
      case Kind.Wait:
        result = memory.wait(id, address, a, cpu.b, cpu.order);
        break;
      case Kind.Lock:
        result = this.#locking.lock(cpu);
        break;
      case Kind.Unlock:
        this.#locking.unlock(cpu);
        break;
      case Kind.Walk:
        result = this.#translations.walk(cpu);
        break;
      default:
        result = this.#rare(cpu);
    }
    if (m.observer !== null) {
      m.observer.access(id, kind, address, a, cpu.b, cpu.order, cpu.op, site, result, m.note);
    }
    cpu.kind = Kind.None;
    return result;
  }

  #rare(cpu: Cpu): number {
    const { id, a } = cpu;
    switch (cpu.kind) {
      case Kind.ReadLock:
        this.#locking.readLock(cpu);
        return 0;
      case Kind.ReadUnlock:
        this.#locking.readUnlock(cpu);
        return 0;
      case Kind.Trylock:
        return this.#locking.trylock(cpu, false);
      case Kind.ReadTrylock:
        return this.#locking.trylock(cpu, true);
      case Kind.IsLocked:
        return this.#m.memory.load(id, cpu.address, Order.Relaxed) !== 0 ? 1 : 0;
      case Kind.BitLock:
        this.#locking.bitLock(cpu);
        return 0;
      case Kind.BitTrylock:
        return this.#locking.bitTrylock(cpu);
      case Kind.BitUnlock:
        this.#locking.bitUnlock(cpu);
        return 0;
      case Kind.RcuReadLock:
        this.#grace.rcuReadLock(cpu);
        return 0;
      case Kind.RcuReadUnlock:
        this.#grace.rcuReadUnlock(cpu);
        return 0;
      case Kind.SrcuReadLock:
        this.#grace.srcuReadLock(cpu, a);
        return 0;
      case Kind.SrcuReadUnlock:
        this.#grace.srcuReadUnlock(cpu, a);
        return 0;
      case Kind.SyncRcuStart:
        if (cpu.b !== 0) return this.#callbacks.last;
        if (a === 0) return this.#grace.startRcu(id);
        this.#callbacks.queue(cpu, a);
        return 0;
      case Kind.SyncSrcuStart:
        return this.#grace.startSrcu(id, a);
      case Kind.SyncRcuEnd:
        if (cpu.b === 0) this.#grace.end(id);
        else this.#callbacks.barrier(cpu);
        return 0;
      case Kind.SyncSrcuEnd:
        this.#grace.end(id);
        return 0;
      case Kind.Alloc:
        return allocate(this.#m, cpu);
      case Kind.Free:
        free(this.#m, cpu);
        return 0;
      case Kind.FlushTlb:
        this.#translations.flush(cpu);
        return 0;
      case Kind.Relax:
        this.#m.current = id + 1 < this.#m.cpus.length ? id + 1 : 0;
        return 0;
      default:
        throw new EngineError(`unknown kind of access ${cpu.kind}`);
    }
  }

  #checkRace(cpu: Cpu): void {
    const { race } = this.#m;
    if (race === null || (cpu.order & Order.RaceIntended) !== 0) return;
    const isPlain = cpu.kind === Kind.PlainLoad || cpu.kind === Kind.PlainStore;
    const write = cpu.kind === Kind.PlainStore || cpu.kind === Kind.Store || cpu.kind === Kind.Rmw;
    const found = race.check(cpu.id, cpu.address, write, isPlain, cpu.site);
    if (found !== null) reportRace(this.#m, cpu, write, found);
  }

  /** As of a field that a model misspells. */
  #nowhere(cpu: Cpu): never {
    this.#m.misuse(cpu, `an access to address ${cpu.address}, where the layout has no word`);
  }

  #notPlain(address: number): never {
    throw new EngineError(`plain access to ${this.#m.layout.nameOf(address)}, which is not declared plain`);
  }
}
