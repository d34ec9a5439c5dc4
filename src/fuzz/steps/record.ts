import { Choice } from '../../engine/access.ts';
import type { DecisionSource } from '../../engine/decisions.ts';
import type { Machine } from '../../engine/machine.ts';
import type { InterruptKind, Observer } from '../../engine/observer.ts';
import type { Operation } from '../../targets/target.ts';
import { callText, type Trace, type TraceEvent, type TraceRecorder } from '../trace.ts';
import { isGhost, MomentReader, showWord } from './moment.ts';
import type { Change, DelayedStore, ExecutionStep, ExecutionSteps, Moment, UsedWord } from './steps.ts';
import { TlbView } from './tlb-view.ts';

/** A step whose events are still to come; they are those of the trace from `from` on. */
interface OpenStep {
  readonly actor: ExecutionStep['actor'];
  readonly cpu: number;
  readonly setup: boolean;
  readonly from: number;
  to: number;
  readonly changes: Change[];
}

/**
 * Stands between a machine and what decides and records, and reads the machine's state before each step. One serves one
 * execution.
 */
export class StepRecorder implements DecisionSource, Observer {
  readonly everyStep = true;
  readonly #inner: DecisionSource;
  readonly #recorder: TraceRecorder;
  readonly #operations: readonly Operation[];
  readonly #machine: Machine;
  readonly #reader: MomentReader;
  readonly #tlb: TlbView;
  readonly #moments: Moment[] = [];
  readonly #steps: OpenStep[] = [];
  readonly #running: string[][];
  readonly #initial = new Map<number, string>();
  #words: Int32Array;
  #open: OpenStep | null = null;
  /** The state after the last access of the setup. */
  #before: Moment | null = null;
  #setup = 0;
  /** Events that the trace has by now. */
  #events = 0;
  /** What each CPU delayed after the last access. */
  #delayed: readonly (readonly DelayedStore[])[];
  #started = false;

  constructor(
    machine: Machine,
    operations: readonly Operation[],
    inner: DecisionSource,
    recorder: TraceRecorder,
    reads: readonly ReadonlySet<number>[],
  ) {
    this.#machine = machine;
    this.#operations = operations;
    this.#inner = inner;
    this.#recorder = recorder;
    this.#tlb = new TlbView(machine);
    this.#reader = new MomentReader(machine, recorder, this.#tlb, reads);
    this.#running = machine.cpus.map(() => []);
    this.#words = machine.words.slice();
    this.#delayed = machine.cpus.map(() => []);
  }

  // ---- the decision source -----------------------------------------------------------------------------------------

  begin(machine: Machine): void {
    this.#words = machine.words.slice();
    this.#before = this.#reader.read(this.#running, -1);
    this.#inner.begin(machine);
  }

  choose(kind: number, n: number): number {
    if (kind !== Choice.Actor) return this.#inner.choose(kind, n);
    const machine = this.#machine;
    const acted = this.#close();
    this.#moments.push(this.#reader.read(this.#running, this.#started ? acted : -1));
    this.#started = true;
    const k = this.#inner.choose(kind, n);
    const [actor, index] = machine.actorAt(k);
    const cpu = actor === 'commit' ? machine.memory.committable(index)[0] : index;
    this.#begin(actor, cpu, false);
    return k;
  }

  // ---- the observer ------------------------------------------------------------------------------------------------

  access(
    cpu: number,
    kind: number,
    address: number,
    a: number,
    b: number,
    order: number,
    op: number,
    site: number,
    result: number,
    note: number,
  ): void {
    const { inSetup } = this.#machine;
    if (inSetup) this.#beginSetupStep(cpu);
    this.#recorder.access(cpu, kind, address, a, b, order, op, site, result, note);
    this.#events++;
    this.#tlb.access(cpu, kind, address, a, b, result, note);
    this.#written();
    if (inSetup) this.#before = this.#reader.read(this.#running, -1);
  }

  commit(cpu: number, address: number): void {
    this.#recorder.commit(cpu, address);
    this.#events++;
    this.#written();
  }

  interrupt(cpu: number, operation: string, begin: boolean, what: InterruptKind): void {
    this.#recorder.interrupt(cpu, operation, begin, what);
    this.#events++;
    if (what === 'grace') return;
    if (begin) this.#running[cpu]?.push(`<${what === 'irq' ? 'irq' : 'softirq'}> ${operation}`);
    else this.#running[cpu]?.pop();
  }

  operation(cpu: number, operation: string, args: readonly number[], begin: boolean): void {
    this.#recorder.operation(cpu, operation, args, begin);
    this.#events++;
    if (begin) this.#running[cpu]?.push(callText({ operation, args }, this.#operations));
    else this.#running[cpu]?.pop();
  }

  // ---- the result --------------------------------------------------------------------------------------------------

  /** To be called right after the execution, however it ended, and before the machine runs another. */
  finish(): ExecutionSteps {
    const machine = this.#machine;
    const open = this.#open;
    if (open !== null || this.#moments.length === 0) {
      const left = this.#changes();
      const done = machine.cpus.every(cpu => machine.isDone(cpu.id));
      const judged = machine.violation !== null && machine.violation.cpu < 0;
      if (open !== null && done && !machine.inSetup && (left.length > 0 || judged)) {
        this.#close();
        this.#moments.push({ ...this.#reader.read(this.#running, -1), delayed: this.#delayed });
        this.#begin('end', -1, false);
      }
      this.#open?.changes.push(...left);
      this.#close();
      this.#moments.push(this.#reader.read(this.#running, -1));
    }
    const trace = this.#recorder.trace();
    const steps = this.#steps.map((step, i) => finished(step, trace, i === this.#steps.length - 1));
    return {
      steps,
      moments: this.#moments.map((moment, i) => withSetupAccess(moment, steps[i])),
      setup: this.#setup,
      words: this.#used(trace.events),
      trace,
    };
  }

  /**
   * Nobody is asked who goes next in the setup: a step is known when its access has been executed, and the state before
   * it is that after the access before. What model code did in between, to its context say, counts as done by the step.
   */
  #beginSetupStep(cpu: number): void {
    this.#end();
    const before = this.#before ?? this.#reader.read(this.#running, -1);
    const cpus = before.cpus.map((one, c) => ({ ...one, running: [...(this.#running[c] ?? [])] }));
    this.#moments.push({ ...before, cpus });
    this.#begin('cpu', cpu, true);
    this.#setup++;
  }

  #begin(actor: ExecutionStep['actor'], cpu: number, setup: boolean): void {
    this.#open = { actor, cpu, setup, from: this.#events, to: this.#events, changes: [] };
  }

  /** Ends the step that runs, with what has changed up to now; returns whose it was, -1 if there was none. */
  #close(): number {
    this.#open?.changes.push(...this.#changes());
    return this.#end();
  }

  #end(): number {
    const step = this.#open;
    if (step === null) return -1;
    step.to = this.#events;
    this.#steps.push(step);
    this.#open = null;
    return step.cpu;
  }

  #written(): void {
    this.#open?.changes.push(...this.#changes());
    this.#delayed = this.#machine.cpus.map((_, c) => this.#reader.delayed(c));
  }

  /** What memory has changed since it was last looked at. */
  #changes(): readonly Change[] {
    const { memory, layout, words } = this.#machine;
    const known = this.#words;
    const changes: Change[] = [];
    for (let i = 0; i < memory.touchedCount; i++) {
      const address = memory.touchedAt(i);
      const value = words[address] ?? 0;
      const before = known[address] ?? 0;
      if (value === before) continue;
      known[address] = value;
      const from = showWord(layout, address, before);
      if (!this.#initial.has(address)) this.#initial.set(address, from);
      const to = showWord(layout, address, value);
      changes.push({ address, location: layout.nameOf(address), from, to, ghost: isGhost(layout, address) });
    }
    return changes;
  }

  /** The words that the execution used, in the order of their addresses. */
  #used(events: readonly TraceEvent[]): readonly UsedWord[] {
    const { layout } = this.#machine;
    const used = new Set(this.#initial.keys());
    for (const event of events) if (event.type === 'access' && event.address !== 0) used.add(event.address);
    return [...used]
      .sort((a, b) => a - b)
      .map(address => ({
        address,
        location: layout.nameOf(address),
        initial: this.#initial.get(address) ?? showWord(layout, address, this.#words[address] ?? 0),
        ghost: isGhost(layout, address),
      }));
  }
}

/** A commit changes what any CPU reads, but what none of them does next. */

/** The step with its events; to the last one belong accesses at which the execution ended. */
function finished(step: OpenStep, trace: Trace, last: boolean): ExecutionStep {
  const { actor, cpu, setup, changes } = step;
  const own = trace.events.slice(step.from, step.to).filter(event => event.setup === setup);
  const attempted = last && own.length === 0 ? trace.events.filter(isAttempt) : [];
  const events = [...own, ...attempted.filter(event => event.cpu === cpu)];
  return { actor, cpu, setup, events, changes };
}

function isAttempt(event: TraceEvent): boolean {
  return event.type === 'access' && !event.executed;
}

/** In the setup the next access of CPU 0 is known only once it runs. */
function withSetupAccess(moment: Moment, step: ExecutionStep | undefined): Moment {
  if (step?.setup !== true) return moment;
  const access = step.events.find(event => event.type === 'access');
  if (access?.type !== 'access') return moment;
  const next = { ...access, executed: false, visible: [], stale: 0, delayed: false };
  const cpus = moment.cpus.map((cpu, c) =>
    c === step.cpu ? { ...cpu, state: 'ready' as const, next } : { ...cpu, state: 'done' as const },
  );
  return { ...moment, cpus };
}
