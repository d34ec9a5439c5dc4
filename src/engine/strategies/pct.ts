import seedrandom from 'seedrandom';
import { Choice, Kind } from '../access.ts';
import type { DecisionSource, MachineView } from '../decisions.ts';
import { EngineError } from '../errors.ts';
import { answerFor, cpusOffered } from './actors.ts';
import { Mood } from './mood.ts';

/** Steps that a CPU may run while others could, before it goes last: retry loops must not starve whom they wait for. */
const MAX_RUN = 400;
const MAX_DEPTH = 4;

/**
 * Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with
 * probabilistic guarantees of finding bugs", ASPLOS 2010): CPUs have random priorities, the highest that can run runs,
 * and at d - 1 random steps the running one goes last. Finds a bug of depth d with a chance of at least 1/(n k^(d-1)).
 *
 * Deviations: d is drawn anew for each execution, 1 to 4; k is the longest execution seen so far; a CPU that spins
 * (`cpu_relax`, or many steps in a row) goes last, as programs that do not end have no k. Commits of delayed stores and
 * interrupts have no priority; `Mood` says when they come.
 */
export class Pct implements DecisionSource {
  readonly everyStep = false;
  readonly #random: () => number;
  readonly #mood: Mood;
  #machine: MachineView | null = null;
  /** Steps of the longest execution so far (k), and those of this one when it was first asked: the setup's. */
  #length = 64;
  #begun = -1;
  #priority: number[] = [];
  /** Steps at which the running CPU goes last, ascending. */
  #changes: number[] = [];
  #nextChange = 0;
  #lowest = 0;
  #running = -1;
  #since = 0;

  constructor(seed: string) {
    this.#random = seedrandom.alea(seed);
    this.#mood = new Mood(this.#random);
  }

  begin(machine: MachineView): void {
    this.#machine = machine;
    const { length } = machine.cpus;
    this.#priority = Array.from({ length }, () => 1 + this.#random());
    const depth = 1 + ((this.#random() * MAX_DEPTH) | 0);
    this.#changes = Array.from({ length: depth - 1 }, () => (this.#random() * this.#length) | 0);
    this.#changes.sort((a, b) => a - b);
    this.#nextChange = 0;
    this.#lowest = 0;
    this.#running = -1;
    this.#begun = -1;
    this.#mood.draw();
  }

  choose(kind: number, n: number): number {
    if (kind !== Choice.Actor) return this.#mood.answer(kind, n);
    const machine = this.#machine;
    if (machine === null) throw new EngineError('a decision was asked before the execution began');
    const other = this.#mood.other(cpusOffered(machine), n, machine.memory.commits);
    if (other >= 0) return other;
    this.#change(machine);
    const cpu = this.#highest(machine);
    if (cpu !== this.#running) {
      this.#running = cpu;
      this.#since = machine.steps - this.#begun;
    }
    return answerFor(machine, cpu);
  }

  #change(machine: MachineView): void {
    if (this.#begun < 0) this.#begun = machine.steps;
    const steps = machine.steps - this.#begun;
    if (steps > this.#length) this.#length = steps;
    while (this.#nextChange < this.#changes.length && steps >= this.#changes[this.#nextChange]) {
      this.#nextChange++;
      this.#goesLast(this.#highest(machine));
    }
    const first = this.#highest(machine);
    if (machine.cpus[first].kind === Kind.Relax) this.#goesLast(first);
    else if (first === this.#running && steps - this.#since > MAX_RUN) this.#goesLast(first);
  }

  #goesLast(cpu: number): void {
    this.#priority[cpu] = --this.#lowest;
  }

  #highest(machine: MachineView): number {
    let best = -1;
    for (let c = 0; c < this.#priority.length; c++) {
      if (((machine.enabled >>> c) & 1) === 0) continue;
      if (best < 0 || this.#priority[c] > this.#priority[best]) best = c;
    }
    return best;
  }
}
