// Litmus tests on the engine: the memory models that targets run under, judged by the same tests as the kernel's.

import { Fence, Kind } from '../../engine/access.ts';
import { type FieldSpec, Layout, lock, word } from '../../engine/layout.ts';
import { MAX_CPUS } from '../../engine/machine/state.ts';
import { Machine, type MachineOptions } from '../../engine/machine.ts';
import { type MemoryName, memoryModels } from '../../engine/memory/index.ts';
import type { Memory, StateKey } from '../../engine/memory/memory.ts';
import type { Observer } from '../../engine/observer.ts';
import { type BoundProgram, End } from '../../engine/program.ts';
import { RandomWalk } from '../../engine/strategies/random.ts';
import { LitmusError } from '../error.ts';
import { holds } from '../evaluate.ts';
import { LOOK_EVERY, type OnLook } from '../looked.ts';
import { addressOf, type LitmusProgram, locationAt } from '../program.ts';
import { type LitmusResult, type Observation, runLkmm } from '../verdict.ts';
import { type Addresses, type ProcessHost, ProcessState } from './process.ts';
import { Known, StateSearch } from './search.ts';

/** Words before the first of the test: small numbers are no addresses of its words. */
const PADDING = 64;
/** Words for accesses through values that are no address. */
const STRAY = 8;
/** Executions of the exhaustive search unless told otherwise. */
export const engineBudget = 1_000_000;

export interface EngineOptions {
  /** Executions of the exhaustive search, complete or not; 1 million when left out. */
  readonly budget?: number | undefined;
  /** Random executions when the search was not exhausted; a tenth of the budget when left out. */
  readonly samples?: number;
  /** False: memory is not told what stores depend on, as when model code runs. */
  readonly exact?: boolean;
  readonly onLook?: OnLook | undefined;
}

type MemoryFactory = MachineOptions['memory'];

/** A litmus test set up on a machine. */
export class EngineTest implements ProcessHost {
  readonly machine: Machine;
  readonly program: LitmusProgram;
  readonly processes: readonly ProcessState[];
  readonly bound: BoundProgram;
  readonly exact: boolean;
  /** A value was followed that is no address. */
  wild = false;
  readonly #words: number[] = [];
  readonly #domains = new Map<number, number>();
  readonly #stray = new Map<number, number>();
  readonly #firstStray: number;

  constructor(program: LitmusProgram, memory: MemoryFactory, exact = true) {
    this.exact = exact;
    const { length } = program.processes;
    if (length > MAX_CPUS)
      throw new LitmusError(
        'unsupported',
        `${length} processes`,
        { line: 1, column: 1 },
        `at most ${MAX_CPUS}`,
      );
    this.program = program;
    const layout = new Layout();
    layout.struct(
      'padding',
      Object.fromEntries(Array.from({ length: PADDING }, (_, i) => [`p${i}`, word()])),
    );
    program.locations.forEach((location, i) => {
      const field: FieldSpec =
        location.role === 'lock' ? lock('Spinlock', location.name) : word(location.initial);
      this.#words.push(layout.struct(location.name, { value: field }).value);
      if (location.role === 'srcu') this.#domains.set(addressOf(i), layout.srcu());
    });
    this.#firstStray = layout.size;
    for (let i = 0; i < STRAY; i++) layout.struct('stray', { value: word() });
    this.machine = new Machine(layout, { cpus: program.processes.length, memory });
    const addresses: Addresses = {
      word: address => this.#wordAt(address),
      domain: address => this.#domains.get(address) ?? 0,
    };
    const domains = this.#domains.size + 1;
    this.processes = program.processes.map(p => new ProcessState(p, domains, addresses, this));
    this.bound = {
      setup: [],
      cpus: this.processes.map(state => [
        { name: state.process.name, args: [], start: cpu => state.run(cpu) },
      ]),
      interrupts: [],
    };
  }

  get memory(): Memory {
    return this.machine.memory;
  }

  get note(): number {
    return this.machine.note;
  }

  get all(): readonly ProcessState[] {
    return this.processes;
  }

  #wordAt(address: number): number {
    const location = locationAt(address, this.#words.length);
    if (location >= 0) return this.#words[location];
    this.wild = true;
    const known = this.#stray.get(address) ?? this.#stray.size;
    this.#stray.set(address, known);
    return this.#firstStray + (known % STRAY);
  }

  /** Name of the location at a word of the machine. */
  nameOf(address: number): string {
    const location = this.#words.indexOf(address);
    return location < 0 ? 'stray address' : this.program.locations[location].name;
  }

  /** The values of all observed variables when an execution has ended. */
  finalState(): number[] {
    const { words } = this.machine;
    return this.program.observed.map(o => {
      if (o.kind === 'register') return this.processes[o.process].registers[o.register] ?? 0;
      const value = words[this.#words[o.location]];
      return this.program.locations[o.location].role === 'lock' ? Number(value !== 0) : value;
    });
  }

  /**
   * An actor whose step neither changes nor depends on anything that others may still do, or -1: it may go first,
   * and no other order needs to be looked at.
   */
  independent(n: number): number {
    const { machine } = this;
    for (let k = 0; k < n; k++) {
      const [actor, id] = machine.actorAt(k);
      if (actor !== 'cpu') return -1;
      const { kind, a, address } = machine.cpus[id];
      if (kind === Kind.Fence && a === Fence.Rmb) return k;
      if (kind !== Kind.Load || this.processes.some((state, cpu) => cpu !== id && state.mayStore(address)))
        continue;
      if (!machine.cpus.some(cpu => machine.memory.delaysInto(cpu.id, address, address + 1))) return k;
    }
    return -1;
  }

  /** All that the rest of an execution depends on. */
  fingerprint(key: StateKey): void {
    const { memory, cpus } = this.machine;
    const graces = cpus.map(cpu =>
      cpu.kind === Kind.SyncRcuEnd || cpu.kind === Kind.SyncSrcuEnd ? cpu.a : 0,
    );
    this.processes.forEach((state, cpu) => {
      key.add(state.at);
      for (let i = 0; i < state.registers.length; i++) {
        key.add(state.registers[i]);
        memory.addTime(key, cpu, state.times[i]);
      }
      if (state.at < 0) return;
      for (const [address, time] of state.stored) {
        key.add(address);
        memory.addTime(key, cpu, time);
      }
      memory.addTime(key, cpu, state.control);
      for (const section of state.sections) key.add(section);
      key.add(cpus[cpu].rcuDepth);
      for (const section of state.grace) key.add(section);
    });
    memory.addState(key, graces);
  }

  /** Runs one execution; null when it is none of the test (deadlock, filter, too many rounds of a loop). */
  run(source: Parameters<Machine['run']>[1], observer: Observer | null = null): number[] | null {
    this.machine.observer = observer;
    if (this.machine.run(this.bound, source) !== End.Done) return null;
    if (this.processes.some(state => state.cut)) return null;
    const state = this.finalState();
    const { filter } = this.program;
    return filter !== null && !holds(filter, state) ? null : state;
  }
}

/** Runs a test under one of the engine's memory models: exhaustively if the budget allows, else also by sampling. */
export function runEngine(
  program: LitmusProgram,
  memory: MemoryName,
  options: EngineOptions = {},
): LitmusResult {
  const budget = options.budget ?? engineBudget;
  const test = new EngineTest(program, memoryModels[memory], options.exact);
  const found = new Map<string, number[]>();
  const see = (state: readonly number[] | null): void => {
    if (state === null) return;
    const shown = state.slice(0, program.printed);
    found.set(shown.join(), shown);
  };
  const search = new StateSearch(test);
  let exhausted = false;
  while (search.executions < budget) {
    try {
      see(test.run(search));
    } catch (error) {
      if (!(error instanceof Known)) throw error;
    }
    if (!search.next()) {
      exhausted = true;
      break;
    }
    if (search.executions % LOOK_EVERY === 0) options.onLook?.(LOOK_EVERY);
  }
  let tried = search.executions;
  if (!exhausted) {
    const walk = new RandomWalk(program.name);
    const samples = options.samples ?? Math.ceil(budget / 10);
    for (let i = 0; i < samples; i++) {
      see(test.run(walk));
      if ((i + 1) % LOOK_EVERY === 0) options.onLook?.(LOOK_EVERY);
    }
    tried += samples;
  }
  const states = [...found.values()].sort(compare);
  const positive = states.filter(state => holds(program.condition, state)).length;
  const negative = states.length - positive;
  const observation: Observation = positive === 0 ? 'Never' : negative === 0 ? 'Always' : 'Sometimes';
  const flags = races(program, budget, options.onLook);
  if (test.wild) flags.push('wild-access');
  return {
    program,
    // The name `lkmm` is for the axioms; this is its machine for model code.
    memory: memory === 'lkmm' ? 'lkmm-view' : memory,
    stateCount: states.length,
    states: () => states,
    positive,
    negative,
    observation,
    tried,
    exhausted: exhausted || observation === 'Sometimes',
    statesExhausted: exhausted,
    empty: exhausted && states.length === 0,
    flags,
  };
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return 0;
}

/** Data races are a matter of the kernel's model, whatever the machine: asked of it when there are plain accesses. */
function races(program: LitmusProgram, budget: number, onLook: OnLook | undefined): string[] {
  const text = JSON.stringify(program.processes.map(process => process.body));
  if (!text.includes('"order":"plain"')) return [];
  return runLkmm(program, { budget, onLook }).flags.filter(flag => flag !== 'wild-access');
}
