import seedrandom from 'seedrandom';
import { Choice, Kind } from '../access.ts';
import type { DecisionSource, MachineView } from '../decisions.ts';
import { EngineError } from '../errors.ts';
import { answerFor, cpusOffered } from './actors.ts';
import { Mood } from './mood.ts';

/**
 * Partial order sampling (Yuan, Yang, Gu, "Partial order aware concurrency sampling", CAV 2018): every pending access
 * has a random priority, the highest runs, and then the pending accesses that race with it get new ones. Samples
 * orders of conflicting accesses more evenly than a walk over steps does.
 *
 * Deviations: accesses race if they are to the same word and not both loads, which takes locks for words; commits of
 * delayed stores and interrupts have no priority, `Mood` says when they come.
 */
export class Pos implements DecisionSource {
  readonly everyStep = true;
  readonly #random: () => number;
  readonly #mood: Mood;
  #machine: MachineView | null = null;
  #priority: number[] = [];

  constructor(seed: string) {
    this.#random = seedrandom.alea(seed);
    this.#mood = new Mood(this.#random);
  }

  begin(machine: MachineView): void {
    this.#machine = machine;
    this.#priority = Array.from({ length: machine.cpus.length }, () => this.#random());
    this.#mood.draw();
  }

  choose(kind: number, n: number): number {
    if (kind !== Choice.Actor) return this.#mood.answer(kind, n);
    const machine = this.#machine;
    if (machine === null) throw new EngineError('a decision was asked before the execution began');
    const other = this.#mood.other(cpusOffered(machine), n, machine.memory.commits);
    if (other >= 0) return other;
    const priority = this.#priority;
    let best = -1;
    for (let c = 0; c < priority.length; c++) {
      if (((machine.enabled >>> c) & 1) !== 0 && (best < 0 || priority[c] > priority[best])) best = c;
    }
    const { kind: what, address } = machine.cpus[best];
    for (let c = 0; c < priority.length; c++) {
      const cpu = machine.cpus[c];
      const races =
        address !== 0 && cpu.address === address && !(isLoad(what) && isLoad(cpu.kind)) && !machine.isDone(c);
      if (c === best || races) priority[c] = this.#random();
    }
    return answerFor(machine, best);
  }
}

function isLoad(kind: number): boolean {
  return kind === Kind.Load || kind === Kind.PlainLoad || kind === Kind.IsLocked || kind === Kind.Wait;
}
