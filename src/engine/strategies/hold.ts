import seedrandom from 'seedrandom';
import { Choice } from '../access.ts';
import type { DecisionSource, MachineView } from '../decisions.ts';
import { EngineError } from '../errors.ts';
import { nthBit, popcount } from '../machine/bits.ts';
import { answerFor } from './actors.ts';
import { Mood } from './mood.ts';
import type { Profile } from './profile.ts';

/** One CPU waits before an access until another CPU has done one of its own. */
interface Constraint {
  readonly cpu: number;
  readonly site: number;
  readonly address: number;
  /** Times that the CPU passes the access before it waits. */
  readonly passes: number;
  readonly awaitedCpu: number;
  readonly awaitedSite: number;
  readonly awaitedAddress: number;
}

const stays = [0.5, 0.8, 0.95];
/** How often an execution has one, two, three constraints. */
const COUNTS = [0.6, 0.9];
/** How often a CPU waits not before its conflicting access but after it: a window between two accesses is held open. */
const AFTER = 0.5;
/** Steps that a CPU is held at most. */
const PATIENCE = 400;

/**
 * Schedules proposed from the conflicts of an observed execution: "this load comes after that store", as in RFF
 * (Wolff et al., "Greybox fuzzing for concurrency testing", ASPLOS 2024), whose artifact shows that proposals of this
 * kind are worth more than its feedback. A CPU is held before (or right after) an access until another CPU has done an
 * access that conflicts with it; between that a sticky random walk.
 *
 * Deviations: constraints are drawn from the conflicts of one profile, positive ones only; one that cannot be kept
 * (the other CPU waits for the held one, or never comes there) is dropped.
 */
export class Hold implements DecisionSource {
  readonly everyStep = true;
  readonly #random: () => number;
  readonly #mood: Mood;
  readonly #profile: Profile;
  #machine: MachineView | null = null;
  #constraints: Constraint[] = [];
  #passed: number[] = [];
  #met: boolean[] = [];
  #heldFor = 0;
  #stay = 0;

  constructor(seed: string, profile: Profile) {
    this.#random = seedrandom.alea(seed);
    this.#mood = new Mood(this.#random);
    this.#profile = profile;
  }

  begin(machine: MachineView): void {
    this.#machine = machine;
    this.#mood.draw();
    this.#stay = stays[(this.#random() * stays.length) | 0];
    const r = this.#random();
    const count = r < COUNTS[0] ? 1 : r < COUNTS[1] ? 2 : 3;
    this.#constraints = [];
    for (let i = 0; i < count; i++) this.#draw();
    this.#passed = this.#constraints.map(() => 0);
    this.#met = this.#constraints.map(() => false);
    this.#heldFor = 0;
  }

  choose(kind: number, n: number): number {
    if (kind !== Choice.Actor) return this.#mood.answer(kind, n);
    const machine = this.#machine;
    if (machine === null) throw new EngineError('a decision was asked before the execution began');
    const offered = popcount(machine.enabled);
    const other = this.#mood.other(offered, n, machine.memory.commits);
    if (other >= 0) return other;
    const cpu = this.#pick(machine, this.#free(machine));
    this.#ran(machine, cpu);
    return answerFor(machine, cpu);
  }

  #draw(): void {
    const profile = this.#profile;
    const conflict = profile.conflict(this.#random);
    if (conflict === null) return;
    const { held, awaited } = conflict;
    const next = this.#random() < AFTER ? profile.following(held) : -1;
    const at = next < 0 ? held : next;
    this.#constraints.push({
      cpu: profile.cpu[at],
      site: profile.site[at],
      address: profile.address[at],
      passes: profile.occurrence(at),
      awaitedCpu: profile.cpu[awaited],
      awaitedSite: profile.site[awaited],
      awaitedAddress: profile.address[awaited],
    });
  }

  /** The CPUs that may run and are not held; all that may run if none is left. */
  #free(machine: MachineView): number {
    const { enabled } = machine;
    let free = enabled;
    for (let i = 0; i < this.#constraints.length; i++) {
      const one = this.#constraints[i];
      const { site, address } = machine.cpus[one.cpu];
      const here = site === one.site && address === one.address && !this.#met[i];
      if (here && this.#passed[i] === one.passes) free &= ~(1 << one.cpu);
    }
    if (free === enabled) return enabled;
    // Whom a held CPU keeps waiting, or who never comes, would hang.
    if (free !== 0 && ++this.#heldFor < PATIENCE) return free;
    return enabled;
  }

  #pick(machine: MachineView, free: number): number {
    const { current } = machine;
    if (((free >>> current) & 1) === 1 && this.#random() < this.#stay) return current;
    return nthBit(free, (this.#random() * popcount(free)) | 0);
  }

  #ran(machine: MachineView, cpu: number): void {
    const { site, address } = machine.cpus[cpu];
    for (let i = 0; i < this.#constraints.length; i++) {
      const one = this.#constraints[i];
      if (one.cpu === cpu && one.site === site && one.address === address) this.#passed[i]++;
      if (one.awaitedCpu === cpu && one.awaitedSite === site && one.awaitedAddress === address)
        this.#met[i] = true;
    }
  }
}
