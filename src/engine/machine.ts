import { Access, Choice, Fence, type Frame, Kind, Order, RmwOp, pendingCall } from './access.ts';
import { Cpu } from './cpu.ts';
import type { DecisionSource } from './decisions.ts';
import { EngineError, ExecutionStop } from './errors.ts';
import { Gfp } from './gfp.ts';
import { Attr, isSpinning, type Layout, LockType } from './layout.ts';
import { Lockdep, type LockProblem } from './lockdep.ts';
import type { Memory, MemoryHost } from './memory/memory.ts';
import { Note } from './memory/memory.ts';
import type { Observer } from './observer.ts';
import { type BoundOperation, type BoundProgram, End } from './program.ts';
import { Race } from './race.ts';
import { siteCounts } from './sites.ts';
import { Slab } from './slab.ts';
import type { Violation } from './violation.ts';

export interface MachineOptions {
  readonly cpus: number;
  /** Builds the memory model over the layout; see memory/index.ts. */
  readonly memory: (layout: Layout, cpus: number, host: MemoryHost) => Memory;
  /** Accesses without an operation completing after which it is a livelock. */
  readonly livelockBound?: number;
  /** Accesses after which an execution is cut off without a verdict. */
  readonly maxSteps?: number;
  /** Report a spinlock or rwlock taken inside a raw or bit spinlock (PROVE_RAW_LOCK_NESTING): a bug on PREEMPT_RT. */
  readonly rawNesting?: boolean;
}

function* probe(): Generator<never, void, unknown> {}

/**
 * %GeneratorPrototype%.next. Each generator function has objects of its own hidden class, so `generator.next` would be
 * a megamorphic property load; calling the one function there is directly saves it on every access.
 */
const resume: (this: Frame, value: unknown) => IteratorResult<Access, unknown> = Object.getPrototypeOf(
  Object.getPrototypeOf(probe()),
).next;
const noOperations: readonly BoundOperation[] = [];

/**
 * A simulated machine: CPUs as coroutines with one pending access each, one memory, one stream of decisions.
 * Each step runs one actor: a CPU whose access is enabled, a delayed store that commits, or an interrupt.
 */
export class Machine implements MemoryHost {
  readonly layout: Layout;
  readonly memory: Memory;
  readonly words: Int32Array;
  readonly cpus: readonly Cpu[];
  readonly slab: Slab;
  readonly race: Race | null;
  readonly lockClassOf: Int32Array;
  readonly livelockBound: number;
  readonly maxSteps: number;
  note = 0;
  /** Accesses executed in this execution, setup included. */
  steps = 0;
  violation: Violation | null = null;
  observer: Observer | null = null;
  /** Called at the beginning of each execution, before the setup: initial state beyond initial values. */
  onBegin: ((machine: Machine) => void) | null = null;
  /** Called when all CPUs are done: final checks of the model and its oracles. */
  onDone: ((machine: Machine) => void) | null = null;
  /** Called when a store reaches a word declared `watched`; may call `report`. */
  watcher: ((address: number, old: number, value: number, cpu: number, site: number) => void) | null = null;
  program: BoundProgram | null = null;
  /** The CPU that ran last: staying on it is the calmest decision. */
  current = 0;

  readonly #lockdep: Lockdep;
  readonly #stop = new ExecutionStop('the execution ended at a violation');
  readonly #lockTypes: Int32Array;
  readonly #attributes: Int32Array;
  readonly #objectOf: Int32Array;
  /** Order.Pointer for words declared as pointers, else 0. */
  readonly #pointerOrder: Int32Array;
  readonly #rawNesting: boolean;
  /** Accesses without progress after which memory is made calm, so that only a true livelock goes on. */
  readonly #patience: number;
  readonly #hasSlab: boolean;
  readonly #all: number;
  readonly #tlb: Int32Array;
  readonly #tlbTime: Int32Array;
  readonly #translations: number;
  readonly #grace: Int32Array;
  readonly #srcuDepth: Int32Array;
  readonly #srcuSection: Int32Array;
  readonly #next: Int32Array;
  readonly #irqNext: Int32Array;
  #source: DecisionSource;
  #sections = 0;
  /** CPUs whose pending access can run, and CPUs whose pending access is of a kind that may have to wait. */
  #enabled = 0;
  #waiting = 0;
  /** CPUs that have an interrupt to take and interrupts on. */
  #irqReady = 0;
  #done = 0;
  /** The last step may have changed what waiting CPUs wait for. */
  #changed = true;
  #progressAt = 0;
  #inSetup = false;
  #tlbTouched = false;

  constructor(layout: Layout, options: MachineOptions) {
    if (options.cpus < 1 || options.cpus > 16) throw new EngineError('a machine has 1 to 16 CPUs');
    this.layout = layout;
    this.memory = options.memory(layout, options.cpus, this);
    this.words = this.memory.words;
    this.race = layout.attributes.some(attr => (attr & Attr.Plain) !== 0)
      ? new Race(layout, options.cpus)
      : null;
    this.memory.race = this.race;
    this.cpus = Array.from({ length: options.cpus }, (_, id) => new Cpu(id, this));
    this.slab = new Slab(layout, this.memory);
    this.lockClassOf = Int32Array.from(layout.lockClassOf);
    this.livelockBound = options.livelockBound ?? 5_000;
    this.maxSteps = options.maxSteps ?? 50_000;
    this.#lockdep = new Lockdep(layout);
    this.#lockTypes = Int32Array.from(layout.lockTypes);
    this.#attributes = Int32Array.from(layout.attributes);
    this.#objectOf = this.slab.objectOf;
    this.#pointerOrder = Int32Array.from(layout.attributes, attr =>
      (attr & Attr.Pointer) !== 0 ? Order.Pointer : 0,
    );
    this.#rawNesting = options.rawNesting ?? false;
    this.#patience = this.livelockBound >> 1;
    this.#hasSlab = layout.caches.length > 0;
    this.#all = (1 << options.cpus) - 1;
    this.#translations = layout.tlbNames.length;
    this.#tlb = new Int32Array(options.cpus * this.#translations);
    this.#tlbTime = new Int32Array(options.cpus * this.#translations);
    this.#grace = new Int32Array(options.cpus * options.cpus);
    this.#srcuDepth = new Int32Array(options.cpus * layout.srcuDomains);
    this.#srcuSection = new Int32Array(options.cpus * layout.srcuDomains);
    this.#next = new Int32Array(options.cpus);
    this.#irqNext = new Int32Array(options.cpus);
    this.#source = calm;
  }

  // ---- running ------------------------------------------------------------------------------------------------

  /** Runs a program to its end; returns one of `End`. Model errors are thrown. */
  run(program: BoundProgram, source: DecisionSource): number {
    this.#reset();
    this.program = program;
    if (this.onBegin !== null) this.onBegin(this);
    source.begin(this);
    let end: number = End.Done;
    if (program.setup.length > 0) {
      this.#source = calm;
      this.#inSetup = true;
      end = this.#phase();
      this.#inSetup = false;
      this.memory.settle();
      if (this.race !== null) this.race.settle();
      this.#next.fill(0);
    }
    if (end === End.Done) {
      this.#source = source;
      end = this.#phase();
    }
    if (end === End.Done) {
      this.memory.flush(-1);
      if (this.violation === null) this.#finish();
      if (this.violation !== null) end = End.Violation;
    }
    return end;
  }

  /** Asks the decision source; 0 is the calmest answer. */
  choose(kind: number, n: number): number {
    return this.#source.choose(kind, n);
  }

  committed(address: number, old: number, value: number, cpu: number, site: number): void {
    if (this.watcher !== null) this.watcher(address, old, value, cpu, site);
  }

  /** How many actors may go next, as `choose(Choice.Actor, n)` sees them. */
  get actors(): number {
    return popcount(this.#enabled) + this.memory.commits + popcount(this.#irqReady);
  }

  /** The k-th actor: a CPU, a commit (with its place among the commits) or an interrupt on a CPU. */
  actorAt(k: number): readonly [kind: 'cpu' | 'commit' | 'irq', index: number] {
    const cpus = popcount(this.#enabled);
    if (k < cpus) return ['cpu', this.#enabledCpu(k)];
    if (k < cpus + this.memory.commits) return ['commit', k - cpus];
    return ['irq', nthBit(this.#irqReady, k - cpus - this.memory.commits)];
  }

  /** True if the CPU's pending access can run now. */
  isEnabled(cpu: number): boolean {
    return ((this.#enabled >>> cpu) & 1) === 1;
  }

  /** True if the CPU has run all its operations. */
  isDone(cpu: number): boolean {
    return ((this.#done >>> cpu) & 1) === 1;
  }

  #reset(): void {
    this.memory.reset();
    if (this.race !== null) this.race.reset();
    this.slab.reset();
    this.#lockdep.reset();
    for (const cpu of this.cpus) cpu.reset();
    if (this.#tlbTouched) {
      this.#tlb.fill(0);
      this.#tlbTouched = false;
    }
    this.#srcuDepth.fill(0);
    this.#srcuSection.fill(0);
    this.#next.fill(0);
    this.#irqNext.fill(0);
    this.#sections = 0;
    this.#inSetup = false;
    this.steps = 0;
    this.violation = null;
    this.current = 0;
    this.#progressAt = 0;
  }

  #phase(): number {
    this.#enabled = 0;
    this.#waiting = 0;
    this.#done = 0;
    this.#irqReady = 0;
    this.current = 0;
    this.#progressAt = this.steps;
    for (const cpu of this.cpus) {
      this.#advance(cpu, 0);
      this.#updateIrq(cpu);
      if (this.violation !== null) return End.Violation;
    }
    const { memory } = this;
    const limit = this.maxSteps;
    while (true) {
      if (this.#waiting !== 0 && this.#changed) this.#recheckWaiting();
      const enabled = this.#enabled;
      const many = (enabled & (enabled - 1)) !== 0;
      let k = 0;
      if (many || memory.commits !== 0 || this.#irqReady !== 0 || enabled === 0 || this.#source.everyStep) {
        if (this.#done === this.#all) break;
        const n = popcount(enabled) + memory.commits + popcount(this.#irqReady);
        if (n === 0) {
          if (enabled === 0) this.#deadlock();
          return End.Violation;
        }
        k = n > 1 || this.#source.everyStep ? this.#source.choose(Choice.Actor, n) : 0;
      }
      const count = popcount(enabled);
      if (k < count) {
        const id = k === 0 && ((enabled >>> this.current) & 1) === 1 ? this.current : this.#enabledCpu(k);
        this.current = id;
        const cpu = this.cpus[id];
        const { kind } = cpu;
        // A load changes nothing, unless a flush waits for the access that was done through a translation.
        this.#changed = (kind !== Kind.Load && kind !== Kind.PlainLoad) || cpu.inflight !== 0;
        const result = this.#execute(cpu);
        if (this.violation !== null) return End.Violation;
        this.#advance(cpu, result);
        if (this.violation !== null) return End.Violation;
      } else if (k < count + memory.commits) {
        const place = k - count;
        this.#changed = true;
        if (this.observer !== null) {
          const [owner, address] = memory.committable(place);
          memory.commit(place);
          this.observer.commit(owner, address);
        } else memory.commit(place);
        if (this.violation !== null) return End.Violation;
      } else {
        this.#changed = true;
        this.#interrupt(this.cpus[nthBit(this.#irqReady, k - count - memory.commits)]);
        if (this.violation !== null) return End.Violation;
      }
      if (this.steps - this.#progressAt > this.#patience) {
        memory.catchUp();
        this.#changed = true;
        if (this.violation !== null) return End.Violation;
        if (this.steps - this.#progressAt > this.livelockBound) {
          this.#livelock();
          return End.Violation;
        }
      }
      if (this.steps > limit) return End.Long;
    }
    return End.Done;
  }

  /** The k-th enabled CPU, counting from the current one. */
  #enabledCpu(k: number): number {
    const n = this.cpus.length;
    const at = this.current;
    let rotated = ((this.#enabled >>> at) | (this.#enabled << (n - at))) & this.#all;
    while (k-- > 0) rotated &= rotated - 1;
    const cpu = 31 - Math.clz32(rotated & -rotated) + at;
    return cpu >= n ? cpu - n : cpu;
  }

  /** Resumes model code with the result of its access, up to its next access or the end of its operations. */
  #advance(cpu: Cpu, accessResult: number): void {
    let result: unknown = accessResult;
    const { frames } = cpu;
    const bit = 1 << cpu.id;
    try {
      while (true) {
        let { generator } = cpu;
        if (generator === null) {
          const next = this.#nextOperation(cpu);
          if (next === null) {
            this.#enabled &= ~bit;
            this.#waiting &= ~bit;
            this.#done |= bit;
            this.#changed = true;
            return;
          }
          cpu.site = 0;
          generator = next.start(cpu);
          cpu.generator = generator;
        }
        const step = resume.call(generator, result);
        if (step.done !== true) {
          if (step.value === Access.described && cpu.kind !== Kind.None) break;
          if (step.value !== Access.call || pendingCall.frame === null) this.#badYield(cpu);
          frames.push(generator);
          cpu.generator = pendingCall.frame;
          pendingCall.frame = null;
          continue;
        }
        if (cpu.kind !== Kind.None) this.forgottenYield(cpu);
        if (frames.length > cpu.frameBase) {
          cpu.generator = frames.pop() ?? null;
          result = step.value;
          continue;
        }
        result = 0;
        this.#progressAt = this.steps;
        cpu.generator = null;
        if (cpu.inHandler) {
          cpu.inHandler = false;
          if (cpu.interrupted.length > 0) {
            this.#resumeInterrupted(cpu);
            break;
          }
        } else this.#operationDone(cpu);
      }
    } catch (error) {
      if (error !== this.#stop) throw error;
      return;
    }
    if (cpu.kind >= Kind.FirstBlocking) {
      this.#waiting |= bit;
      if (this.#ready(cpu)) this.#enabled |= bit;
      else this.#enabled &= ~bit;
    } else {
      this.#waiting &= ~bit;
      this.#enabled |= bit;
    }
  }

  #nextOperation(cpu: Cpu): BoundOperation | null {
    const { program } = this;
    if (program === null) return null;
    const list = this.#inSetup
      ? cpu.id === 0
        ? program.setup
        : noOperations
      : (program.cpus[cpu.id] ?? noOperations);
    const i = this.#next[cpu.id];
    if (i >= list.length) return null;
    this.#next[cpu.id] = i + 1;
    cpu.operation = i;
    const operation = list[i];
    if (this.observer !== null) this.observer.operation(cpu.id, operation.name, operation.args, true);
    return operation;
  }

  #operationDone(cpu: Cpu): void {
    if (this.observer !== null) this.observer.operation(cpu.id, this.operationName(cpu), [], false);
    if (cpu.heldCount !== 0) {
      const held = this.layout.nameOf(cpu.held[0].address);
      const message = `${held} is still held at the end of ${this.operationName(cpu)}`;
      this.violateNow('lock-order', message, cpu, cpu.held[0].address, []);
    }
    if (cpu.inAtomic() || cpu.irqsOff || cpu.rcuDepth !== 0) {
      throw new EngineError(`${this.operationName(cpu)} ends in atomic context`);
    }
  }

  // ---- interrupts ---------------------------------------------------------------------------------------------

  /** Called when a CPU switched its interrupts on or off. */
  irqStateChanged(cpu: Cpu): void {
    this.#updateIrq(cpu);
    this.#updateFlushers();
    if (cpu.irqsOff || cpu.hardirqDepth > 0 || cpu.heldCount === 0) return;
    const problem = this.#lockdep.irqsOn(cpu.held, cpu.heldCount, cpu.site);
    if (problem !== null) this.#reportLock(problem, cpu);
  }

  #updateIrq(cpu: Cpu): void {
    const list = this.program?.interrupts[cpu.id];
    const bit = 1 << cpu.id;
    const can =
      !this.#inSetup &&
      list !== undefined &&
      this.#irqNext[cpu.id] < list.length &&
      !cpu.irqsOff &&
      cpu.hardirqDepth === 0 &&
      cpu.inflight === 0;
    if (can) this.#irqReady |= bit;
    else this.#irqReady &= ~bit;
  }

  #updateFlushers(): void {
    if (this.#waiting !== 0) this.#recheckWaiting();
  }

  #interrupt(cpu: Cpu): void {
    const list = this.program?.interrupts[cpu.id] ?? noOperations;
    const handler = list[this.#irqNext[cpu.id]++];
    if (cpu.generator !== null) {
      cpu.interrupted.push({
        generator: cpu.generator,
        frameBase: cpu.frameBase,
        kind: cpu.kind,
        address: cpu.address,
        a: cpu.a,
        b: cpu.b,
        order: cpu.order,
        op: cpu.op,
        site: cpu.site,
        operation: cpu.operation,
      });
    }
    if (this.observer !== null) this.observer.interrupt(cpu.id, handler.name, true);
    cpu.hardirqDepth++;
    cpu.inHandler = true;
    cpu.kind = Kind.None;
    this.#irqReady &= ~(1 << cpu.id);
    this.#done &= ~(1 << cpu.id);
    cpu.site = 0;
    cpu.frameBase = cpu.frames.length;
    cpu.generator = this.#withinIrq(cpu, handler);
    this.current = cpu.id;
    this.#advance(cpu, 0);
  }

  *#withinIrq(cpu: Cpu, handler: BoundOperation): Generator<Access, void, number> {
    const { heldCount, preemptDepth, softirqDepth, rcuDepth } = cpu;
    yield* handler.start(cpu);
    if (cpu.heldCount > heldCount) {
      const lock = cpu.held[heldCount].address;
      const message = `${this.layout.nameOf(lock)} is still held at the end of ${this.operationName(cpu)}`;
      this.violateNow('lock-order', message, cpu, lock, []);
    }
    if (
      cpu.heldCount !== heldCount ||
      cpu.preemptDepth !== preemptDepth ||
      cpu.softirqDepth !== softirqDepth ||
      cpu.rcuDepth !== rcuDepth ||
      cpu.irqsOff
    ) {
      this.misuse(cpu, 'the interrupt handler does not leave the context as it found it');
    }
    cpu.hardirqDepth--;
    if (this.observer !== null) this.observer.interrupt(cpu.id, handler.name, false);
    this.#updateIrq(cpu);
    this.#updateFlushers();
  }

  #resumeInterrupted(cpu: Cpu): void {
    const saved = cpu.interrupted.pop();
    if (saved === undefined) return;
    cpu.generator = saved.generator;
    cpu.frameBase = saved.frameBase;
    cpu.kind = saved.kind;
    cpu.address = saved.address;
    cpu.a = saved.a;
    cpu.b = saved.b;
    cpu.order = saved.order;
    cpu.op = saved.op;
    cpu.site = saved.site;
    cpu.operation = saved.operation;
  }

  // ---- one access ---------------------------------------------------------------------------------------------

  #execute(cpu: Cpu): number {
    const { kind, address, a, site } = cpu;
    const id = cpu.id;
    const { memory } = this;
    this.steps++;
    this.note = 0;
    siteCounts[site]++;
    if (this.#hasSlab && this.#objectOf[address] !== 0 && kind !== Kind.Free && !this.slab.usable(address)) {
      this.#useAfterFree(cpu);
      return 0;
    }
    const through = cpu.inflight;
    if (through !== 0) {
      cpu.inflight = 0;
      this.#updateIrq(cpu);
    }
    if (this.race !== null && (this.#attributes[address] & Attr.Plain) !== 0) this.#checkRace(cpu);
    let result = 0;
    switch (kind) {
      case Kind.Load:
        result = memory.load(id, address, cpu.order | this.#pointerOrder[address]);
        if ((cpu.order & Order.TestBit) !== 0) result = (result & a) !== 0 ? 1 : 0;
        break;
      case Kind.Store:
        memory.store(id, address, a, cpu.order, site);
        if (through !== 0 && (this.note & Note.Delayed) !== 0) memory.markTranslation(id, through - 1);
        break;
      case Kind.Rmw:
        result = memory.rmw(id, address, cpu.op, a, cpu.b, cpu.order | this.#pointerOrder[address], site);
        if ((cpu.order & Order.TestBit) !== 0) result = (result & a) !== 0 ? 1 : 0;
        break;
      case Kind.Fence:
        memory.fence(id, a);
        break;
      case Kind.PlainLoad:
        this.#mustBePlain(cpu);
        result = memory.load(id, address, Order.Relaxed);
        break;
      case Kind.PlainStore:
        this.#mustBePlain(cpu);
        memory.store(id, address, a, Order.Relaxed, site);
        break;
      case Kind.Wait:
        result = memory.wait(id, address, a, cpu.b, cpu.order);
        break;
      default:
        result = this.#executeRare(cpu);
    }
    if (this.observer !== null) {
      this.observer.access(id, kind, address, a, cpu.b, cpu.order, cpu.op, site, result, this.note);
    }
    cpu.kind = Kind.None;
    return result;
  }

  #executeRare(cpu: Cpu): number {
    const { address, a } = cpu;
    const id = cpu.id;
    const { memory } = this;
    switch (cpu.kind) {
      case Kind.Lock:
        memory.acquireWord(id, address, id + 1, cpu.site);
        this.#hold(
          cpu,
          address,
          -1,
          cpu.b === 0 ? this.lockClassOf[address] : cpu.b - 1,
          this.#lockTypes[address],
          false,
        );
        return a;
      case Kind.ReadLock:
        memory.acquireWord(id, address, Math.min(this.words[address], 0) - 1, cpu.site);
        this.#hold(cpu, address, -1, this.lockClassOf[address], this.#lockTypes[address], true);
        return 0;
      case Kind.Trylock:
      case Kind.ReadTrylock:
        return this.#trylock(cpu);
      case Kind.IsLocked:
        return memory.load(id, address, Order.Relaxed) !== 0 ? 1 : 0;
      case Kind.Unlock:
        if (!this.#release(cpu, address, -1, false)) return 0;
        // A spinlock is given back by a mere store-release; mutexes and rwsems by a read-modify-write.
        if (isSpinning(this.#lockTypes[address])) {
          memory.unlockWord(id, address, cpu.site);
          cpu.preemptDepth--;
        } else memory.releaseWord(id, address, 0, cpu.site);
        if (a === 1) cpu.localIrqEnable();
        if (a === 2) cpu.localBhEnable();
        return 0;
      case Kind.ReadUnlock:
        if (!this.#release(cpu, address, -1, true)) return 0;
        memory.releaseWord(id, address, this.words[address] + 1, cpu.site);
        if (isSpinning(this.#lockTypes[address])) cpu.preemptDepth--;
        return 0;
      case Kind.BitLock:
        memory.rmw(id, address, RmwOp.Or, 1 << a, 0, Order.Acquire, cpu.site);
        this.#hold(cpu, address, a, cpu.b, cpu.order, false);
        return 0;
      case Kind.BitTrylock: {
        const old = memory.rmw(id, address, RmwOp.OrUnlessSet, 1 << a, 1 << a, Order.Acquire, cpu.site);
        if ((old & (1 << a)) !== 0) return 0;
        this.#tookByTrylock(cpu, cpu.b);
        this.#hold(cpu, address, a, cpu.b, cpu.order, false);
        return 1;
      }
      case Kind.BitUnlock:
        if (!this.#release(cpu, address, a, false)) return 0;
        memory.rmw(id, address, RmwOp.AndNot, 1 << a, 0, Order.Release | Order.Void, cpu.site);
        if (cpu.order === LockType.BitSpinlock) cpu.preemptDepth--;
        return 0;
      case Kind.RcuReadLock:
        if (cpu.rcuDepth++ === 0) {
          cpu.rcuSection = ++this.#sections;
          this.#sectionBegins(id);
        }
        return 0;
      case Kind.RcuReadUnlock:
        if (cpu.rcuDepth === 0) this.misuse(cpu, 'rcu_read_unlock without rcu_read_lock');
        if (--cpu.rcuDepth === 0) {
          this.#sectionEnds(id, cpu.rcuSection);
          cpu.rcuSection = 0;
        }
        return 0;
      case Kind.SyncRcuStart:
        this.#graceBegins(id);
        for (const other of this.cpus) this.#grace[id * this.cpus.length + other.id] = other.rcuSection;
        return ++this.#sections;
      case Kind.SyncRcuEnd:
      case Kind.SyncSrcuEnd:
        memory.gracePeriodEnd(id);
        if (this.race !== null) this.race.gracePeriodEnd(id);
        return 0;
      case Kind.SrcuReadLock: {
        const slot = a * this.cpus.length + id;
        if (this.#srcuDepth[slot]++ === 0) {
          this.#srcuSection[slot] = ++this.#sections;
          this.#sectionBegins(id);
        }
        return 0;
      }
      case Kind.SrcuReadUnlock: {
        const slot = a * this.cpus.length + id;
        if (this.#srcuDepth[slot] === 0) this.misuse(cpu, 'srcu_read_unlock without srcu_read_lock');
        if (--this.#srcuDepth[slot] === 0) {
          this.#sectionEnds(id, this.#srcuSection[slot]);
          this.#srcuSection[slot] = 0;
        }
        return 0;
      }
      case Kind.SyncSrcuStart:
        this.#graceBegins(id);
        for (let c = 0; c < this.cpus.length; c++) {
          this.#grace[id * this.cpus.length + c] = this.#srcuSection[a * this.cpus.length + c];
        }
        return ++this.#sections;
      case Kind.Alloc: {
        const cache = this.layout.caches[a];
        const fails = (cpu.b & Gfp.Nofail) === 0 && this.#source.choose(Choice.Fail, 2) === 1;
        const object = fails ? 0 : this.slab.allocate(cache, cpu.site);
        if (object === 0) {
          if ((cpu.b & Gfp.Nofail) !== 0)
            this.misuse(cpu, `${cache.name} has no object left for an allocation that may not fail`);
          this.note |= Note.Failed;
        }
        return object;
      }
      case Kind.Free:
        if (address !== 0) this.#free(cpu);
        return 0;
      case Kind.Walk:
        return this.#walk(cpu);
      case Kind.FlushTlb:
        memory.fence(id, Fence.Mb);
        for (let c = 0; c < this.cpus.length; c++) {
          // The interrupted CPU takes the request and answers it: what surrounds the handler is ordered.
          if (cpu.b === 1 && c !== id) memory.fence(c, Fence.Mb);
          if (cpu.b !== 2 || c === id) this.#tlb[c * this.#translations + a] = 0;
        }
        return 0;
      case Kind.Relax:
        this.current = id + 1 < this.cpus.length ? id + 1 : 0;
        return 0;
      default:
        throw new EngineError(`unknown kind of access ${cpu.kind}`);
    }
  }

  #walk(cpu: Cpu): number {
    const slot = cpu.id * this.#translations + cpu.a;
    const cached = this.#tlb[slot];
    if (cached !== 0 && cached !== this.words[cpu.address] && this.#source.choose(Choice.Tlb, 2) === 1) {
      this.note |= Note.Cached;
      this.memory.usePointerTime(cpu.id, this.#tlbTime[slot]);
      this.#translated(cpu);
      return cached;
    }
    const entry = this.memory.walk(cpu.id, cpu.address);
    if (entry !== 0) {
      this.#tlbTouched = true;
      this.#tlb[slot] = entry;
      this.#tlbTime[slot] = this.memory.pointerTime(cpu.id);
      this.#translated(cpu);
    }
    return entry;
  }

  /** Up to the access through it, a translation is in use; an interrupt would have it walked anew. */
  #translated(cpu: Cpu): void {
    cpu.inflight = cpu.a + 1;
    this.#updateIrq(cpu);
  }

  #sectionBegins(cpu: number): void {
    this.memory.rcuReadLock(cpu);
    if (this.race !== null) this.race.rcuReadLock(cpu);
  }

  #sectionEnds(cpu: number, section: number): void {
    this.memory.rcuReadUnlock(cpu, section);
    if (this.race !== null) this.race.rcuReadUnlock(cpu);
  }

  #graceBegins(cpu: number): void {
    this.memory.gracePeriodStart(cpu);
    if (this.race !== null) this.race.gracePeriodStart(cpu);
  }

  #free(cpu: Cpu): void {
    const { address } = cpu;
    if (!this.slab.isLive(address)) {
      this.#doubleFree(cpu);
      return;
    }
    const end = this.slab.endOf(address);
    const name = this.layout.objectName(address);
    for (const other of this.cpus) {
      if (other !== cpu && this.memory.delaysInto(other.id, address, end)) {
        const message = `${name} is freed while CPU${other.id} still delays a store to it`;
        this.#record('use-after-free', message, cpu.id, [cpu.site], address, []);
      }
      for (const lock of other.held.slice(0, other.heldCount)) {
        if (lock.address < address || lock.address >= end) continue;
        const message = `${name} is freed while CPU${other.id} holds ${this.layout.nameOf(lock.address)}`;
        this.#record('lock-order', message, cpu.id, [cpu.site, lock.site], address, []);
      }
    }
    // As the slab does for KCSAN: an access that is not ordered before the free races with it.
    for (let a = address; this.race !== null && a < end; a++) {
      const found = this.race.check(cpu.id, a, true, true, cpu.site);
      if (found === null) continue;
      const message = `free of ${name} races with a ${found.otherWrote ? 'write' : 'read'} of ${this.layout.nameOf(a)} on CPU ${found.otherCpu}`;
      this.#record('data-race', message, cpu.id, [cpu.site, found.otherSite], a, []);
    }
    this.memory.retire(cpu.id, address, end);
    if (this.race !== null) this.race.forget(address, end);
    this.slab.free(address, cpu.site);
  }

  #trylock(cpu: Cpu): number {
    const { address } = cpu;
    const read = cpu.kind === Kind.ReadTrylock;
    const seen = this.memory.load(cpu.id, address, Order.Relaxed);
    const newest = this.memory.newest(cpu.id, address);
    if (read ? seen > 0 || newest > 0 : seen !== 0 || newest !== 0) {
      this.note |= Note.Failed;
      return 0;
    }
    this.memory.acquireWord(cpu.id, address, read ? newest - 1 : cpu.id + 1, cpu.site);
    this.#tookByTrylock(cpu, this.lockClassOf[address]);
    this.#hold(cpu, address, -1, this.lockClassOf[address], this.#lockTypes[address], read);
    if (isSpinning(this.#lockTypes[address])) cpu.preemptDepth++;
    return 1;
  }

  /** Whether the pending access of a blocking kind can run now. */
  #ready(cpu: Cpu): boolean {
    // What waits for freed memory goes on, to be judged.
    if (this.#hasSlab && this.#objectOf[cpu.address] !== 0 && !this.slab.usable(cpu.address)) return true;
    switch (cpu.kind) {
      case Kind.Lock:
        return this.memory.newest(cpu.id, cpu.address) === 0;
      case Kind.ReadLock:
        return this.memory.newest(cpu.id, cpu.address) <= 0;
      case Kind.BitLock:
        return (this.memory.newest(cpu.id, cpu.address) & (1 << cpu.a)) === 0;
      case Kind.Wait:
        return this.memory.waitReady(cpu.id, cpu.address, cpu.a, cpu.b);
      case Kind.SyncRcuEnd:
      case Kind.SyncSrcuEnd: {
        const n = this.cpus.length;
        for (let c = 0; c < n; c++) {
          const section = this.#grace[cpu.id * n + c];
          if (section === 0) continue;
          const now =
            cpu.kind === Kind.SyncRcuEnd ? this.cpus[c].rcuSection : this.#srcuSection[cpu.b * n + c];
          if (now === section) return false;
        }
        return !this.memory.graceBlocked(cpu.a);
      }
      case Kind.FlushTlb:
        if (cpu.b === 2) return true;
        for (const other of this.cpus) {
          if (other === cpu || other.generator === null) continue;
          // A walk that was not followed by an access through the entry ended in a fault.
          if (other.inflight === cpu.a + 1 && isDataAccess(other.kind)) return false;
          if (cpu.b === 1 && (other.irqsOff || other.hardirqDepth > 0)) return false;
        }
        return !this.memory.translationBusy(cpu.a);
      default:
        return true;
    }
  }

  #recheckWaiting(): void {
    let left = this.#waiting;
    while (left !== 0) {
      const bit = left & -left;
      left &= left - 1;
      if (this.#ready(this.cpus[31 - Math.clz32(bit)])) this.#enabled |= bit;
      else this.#enabled &= ~bit;
    }
  }

  #hold(cpu: Cpu, address: number, bit: number, lockClass: number, type: number, read: boolean): void {
    if (cpu.heldCount >= cpu.held.length) throw new EngineError('too many locks held at once');
    const held = cpu.held[cpu.heldCount++];
    held.address = address;
    held.bit = bit;
    held.lockClass = lockClass;
    held.type = type;
    held.read = read;
    held.site = cpu.site;
    held.since = this.steps;
  }

  /** Returns false, with a violation recorded, if the lock is not held. */
  #release(cpu: Cpu, address: number, bit: number, read: boolean): boolean {
    const { held } = cpu;
    let i = cpu.heldCount - 1;
    while (i >= 0 && (held[i].address !== address || held[i].bit !== bit || held[i].read !== read)) i--;
    if (i < 0) {
      this.#record(
        'lock-order',
        `${this.layout.nameOf(address)} is released but not held`,
        cpu.id,
        [cpu.site],
        address,
        [],
      );
      return false;
    }
    const entry = held[i];
    cpu.heldCount--;
    for (let j = i; j < cpu.heldCount; j++) held[j] = held[j + 1];
    held[cpu.heldCount] = entry;
    return true;
  }

  // ---- ghost words and final checks ---------------------------------------------------------------------------

  /** Reads the newest value of any word, at no cost: for oracles. */
  peek(address: number): number {
    return this.words[address];
  }

  /** Writes a ghost word. */
  ghostStore(address: number, value: number): void {
    this.memory.poke(address, value);
  }

  #finish(): void {
    if (this.onDone !== null) {
      try {
        this.onDone(this);
      } catch (error) {
        if (error !== this.#stop) throw error;
      }
    }
    if (this.violation !== null || !this.#hasSlab) return;
    for (const [base, site] of this.slab.leaks()) {
      this.#record(
        'leak',
        `${this.layout.objectName(base)} is live but nothing refers to it`,
        -1,
        [site],
        base,
        [],
      );
      return;
    }
  }

  // ---- judgements ---------------------------------------------------------------------------------------------

  /** Ends the execution with a violation; call it from model code or an oracle. Only the first one counts. */
  violateNow(
    oracle: string,
    message: string,
    cpu: Cpu | null,
    address: number,
    otherSites: readonly number[],
    details: readonly string[] = [],
  ): void {
    const sites = cpu === null ? otherSites : [cpu.site, ...otherSites];
    this.#record(oracle, message, cpu === null ? -1 : cpu.id, sites, address, details);
    throw this.#stop;
  }

  /** Records a violation found outside model code (final checks, watchers); only the first one counts. */
  report(
    oracle: string,
    message: string,
    cpu: number,
    address: number,
    sites: readonly number[],
    details: readonly string[] = [],
  ): void {
    this.#record(oracle, message, cpu, sites, address, details);
  }

  #record(
    oracle: string,
    message: string,
    cpu: number,
    sites: readonly number[],
    address: number,
    details: readonly string[],
  ): void {
    if (this.violation !== null) return;
    const object = address === 0 ? '' : this.layout.kindOf(address);
    this.violation = { oracle, message, cpu, sites, object, address, details };
  }

  sleepingInAtomic(cpu: Cpu, what: string): void {
    const held = cpu.held.slice(0, cpu.heldCount).map(lock => this.layout.nameOf(lock.address));
    this.violateNow(
      'sleeping-in-atomic',
      `${what} called from invalid context`,
      cpu,
      0,
      cpu.heldCount > 0 ? [cpu.held[0].site] : [],
      [
        `in_atomic(): ${cpu.inAtomic() ? 1 : 0}, irqs_disabled(): ${cpu.irqsOff || cpu.hardirqDepth > 0 ? 1 : 0}, preempt_count: ${preemptCount(cpu)}, RCU nest depth: ${cpu.rcuDepth}`,
        `locks held: ${held.length > 0 ? held.join(', ') : 'none'}`,
      ],
    );
  }

  lockTypeOf(address: number): number {
    return this.#lockTypes[address];
  }

  /** A lock of a class is about to be taken, waiting for it if need be. */
  checkLockOrder(cpu: Cpu, lockClass: number, type: number, read: boolean): void {
    const problem = this.#acquires(cpu, lockClass, read, false);
    if (problem !== null)
      this.violateNow(problem.oracle, problem.message, cpu, 0, [problem.otherSite], problem.details);
    if (this.#rawNesting && (type === LockType.Spinlock || type === LockType.Rwlock))
      this.#checkNesting(cpu, lockClass);
  }

  /** A trylock has succeeded: it adds no edge, but the class has now been taken in this context. */
  #tookByTrylock(cpu: Cpu, lockClass: number): void {
    const problem = this.#acquires(cpu, lockClass, false, true);
    if (problem !== null) this.#reportLock(problem, cpu);
  }

  #acquires(cpu: Cpu, lockClass: number, read: boolean, trylock: boolean): LockProblem | null {
    const inHardirq = cpu.hardirqDepth > 0;
    const irqsOn = !cpu.irqsOff && !inHardirq;
    return this.#lockdep.acquire(
      cpu.held,
      cpu.heldCount,
      lockClass,
      read,
      trylock,
      inHardirq,
      irqsOn,
      cpu.site,
    );
  }

  #reportLock(problem: LockProblem, cpu: Cpu): void {
    this.#record(problem.oracle, problem.message, cpu.id, [cpu.site, problem.otherSite], 0, problem.details);
  }

  #checkNesting(cpu: Cpu, lockClass: number): void {
    for (let i = 0; i < cpu.heldCount; i++) {
      const held = cpu.held[i];
      if (held.type !== LockType.RawSpinlock && held.type !== LockType.BitSpinlock) continue;
      const message = `invalid wait context: ${this.layout.classNames[lockClass]} is taken inside a raw spinlock`;
      this.violateNow(
        'invalid-wait-context',
        message,
        cpu,
        0,
        [held.site],
        [`held: ${this.layout.nameOf(held.address)}`],
      );
    }
  }

  chooseFor(_cpu: Cpu, n: number): number {
    return this.#source.choose(Choice.Model, n);
  }

  #checkRace(cpu: Cpu): void {
    if (this.race === null || (cpu.order & Order.RaceIntended) !== 0) return;
    const isPlain = cpu.kind === Kind.PlainLoad || cpu.kind === Kind.PlainStore;
    const write = cpu.kind === Kind.PlainStore || cpu.kind === Kind.Store || cpu.kind === Kind.Rmw;
    const found = this.race.check(cpu.id, cpu.address, write, isPlain, cpu.site);
    if (found === null) return;
    const name = this.layout.nameOf(cpu.address);
    const message = `${write ? 'write' : 'read'} of ${name} races with a ${found.otherWrote ? 'write' : 'read'} on CPU ${found.otherCpu}`;
    this.#record('data-race', message, cpu.id, [cpu.site, found.otherSite], cpu.address, []);
  }

  #mustBePlain(cpu: Cpu): void {
    if ((this.#attributes[cpu.address] & Attr.Plain) === 0) {
      throw new EngineError(
        `plain access to ${this.layout.nameOf(cpu.address)}, which is not declared plain`,
      );
    }
  }

  #useAfterFree(cpu: Cpu): void {
    const name = this.layout.nameOf(cpu.address);
    const freed = this.slab.freedAt(cpu.address);
    const what = this.slab.wasFreed(cpu.address) ? 'was freed' : 'was never allocated';
    this.#record(
      'use-after-free',
      `access to ${name}, whose object ${what}`,
      cpu.id,
      [cpu.site, freed],
      cpu.address,
      [],
    );
  }

  #doubleFree(cpu: Cpu): void {
    const freed = this.slab.freedAt(cpu.address);
    const name = this.layout.objectName(cpu.address);
    this.#record('double-free', `${name} is freed but not live`, cpu.id, [cpu.site, freed], cpu.address, []);
  }

  #deadlock(): void {
    const details: string[] = [];
    const sites: number[] = [];
    let address = 0;
    for (const cpu of this.cpus) {
      if (this.isDone(cpu.id)) continue;
      sites.push(cpu.site);
      address ||= cpu.address;
      details.push(`CPU${cpu.id} in ${this.operationName(cpu)} waits for ${this.waitsFor(cpu)}`);
    }
    this.#record('deadlock', 'nobody can run and no store is delayed', -1, sites, address, details);
  }

  /** What the pending access of a CPU that cannot run waits for, in words. */
  waitsFor(cpu: Cpu): string {
    const name = this.layout.nameOf(cpu.address);
    switch (cpu.kind) {
      case Kind.Lock:
      case Kind.ReadLock: {
        const owner = this.words[cpu.address];
        return owner > 0 ? `${name}, held by CPU${owner - 1}` : `${name}, held by readers`;
      }
      case Kind.BitLock: {
        const holder = this.cpus.find(other =>
          other.held.slice(0, other.heldCount).some(h => h.address === cpu.address && h.bit === cpu.a),
        );
        const bit = this.layout.flagsOf(cpu.address)[cpu.a] ?? `bit ${cpu.a}`;
        return `${bit} in ${name}${holder === undefined ? '' : `, held by CPU${holder.id}`}`;
      }
      case Kind.Wait:
        return `${name} to become ${this.layout.show(cpu.address, cpu.b)} (it is ${this.layout.show(cpu.address, this.words[cpu.address])})`;
      case Kind.FlushTlb:
        return `CPUs to answer the TLB flush of ${this.layout.tlbNames[cpu.a]}`;
      default:
        return 'a grace period';
    }
  }

  #livelock(): void {
    const details = this.cpus
      .filter(cpu => !this.isDone(cpu.id))
      .map(
        cpu =>
          `CPU${cpu.id} in ${this.operationName(cpu)} at ${cpu.address === 0 ? 'cpu_relax' : this.layout.nameOf(cpu.address)}`,
      );
    const sites = this.cpus.filter(cpu => !this.isDone(cpu.id)).map(cpu => cpu.site);
    this.#record(
      'livelock',
      `no operation completed in ${this.livelockBound} accesses`,
      -1,
      sites,
      0,
      details,
    );
  }

  // ---- misuse by the model ------------------------------------------------------------------------------------

  /** An access was described but not yielded before the next one, or before the operation returned. */
  forgottenYield(cpu: Cpu): never {
    const where = this.operationName(cpu);
    throw new EngineError(
      `${where}: an access to ${this.layout.nameOf(cpu.address)} was described but never yielded (forgotten yield?)`,
    );
  }

  #badYield(cpu: Cpu): never {
    throw new EngineError(`${this.operationName(cpu)}: yielded something that is not an access of its CPU`);
  }

  /** The model uses the engine in a way that makes no sense: not a finding, but an error of the model. */
  misuse(cpu: Cpu, what: string): never {
    throw new EngineError(`${this.operationName(cpu)}: ${what}`);
  }

  /** Name of the operation, or of the interrupt handler, that a CPU runs. */
  operationName(cpu: Cpu): string {
    if (cpu.inHandler)
      return this.program?.interrupts[cpu.id]?.[this.#irqNext[cpu.id] - 1]?.name ?? 'interrupt';
    const list = this.#inSetup ? this.program?.setup : this.program?.cpus[cpu.id];
    return list?.[cpu.operation]?.name ?? 'interrupt';
  }
}

/** `preempt_count` as kernel reports print it. */
function preemptCount(cpu: Cpu): string {
  return (cpu.preemptDepth + 0x200 * cpu.softirqDepth + 0x10000 * cpu.hardirqDepth).toString(16);
}

function isDataAccess(kind: number): boolean {
  return kind <= Kind.Rmw || kind === Kind.PlainLoad || kind === Kind.PlainStore;
}

function popcount(x: number): number {
  x -= (x >>> 1) & 0x55555555;
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return (Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24) | 0;
}

function nthBit(mask: number, n: number): number {
  while (n-- > 0) mask &= mask - 1;
  return 31 - Math.clz32(mask & -mask);
}

/** Always the calmest answer: runs the setup. */
const calm: DecisionSource = {
  everyStep: false,
  begin: () => {},
  choose: () => 0,
};
