import { Choice } from '../access.ts';
import type { DecisionSource } from '../decisions.ts';
import { EngineError } from '../errors.ts';
import type { Machine } from '../machine.ts';
import type { Schedule } from '../schedule.ts';
import { findActor } from './replay.ts';

/**
 * Follows a schedule as far as it fits: steps whose actor cannot go are passed over, answers nobody asks for are
 * dropped, and where the schedule ends another source goes on (or all is calm). This is how the minimiser and the
 * search near a case that diverged use a schedule.
 */
export class Follow implements DecisionSource {
  readonly everyStep = true;
  readonly #schedule: Schedule;
  readonly #then: DecisionSource | null;
  readonly #keep: number;
  #machine: Machine | null = null;
  #at = 0;
  #running = -1;
  #pick = 0;

  /** `keep` is how many steps are followed before `then` takes over; all unless given. */
  constructor(schedule: Schedule, then: DecisionSource | null = null, keep = schedule.steps.length) {
    this.#schedule = schedule;
    this.#then = then;
    this.#keep = Math.min(keep, schedule.steps.length);
  }

  begin(machine: Machine): void {
    this.#machine = machine;
    this.#at = 0;
    this.#running = -1;
    this.#pick = 0;
    this.#then?.begin(machine);
  }

  choose(kind: number, n: number): number {
    if (kind === Choice.Actor) return this.#actor(n);
    const { before, steps } = this.#schedule;
    const picks = this.#running < 0 ? before : steps[this.#running]?.picks;
    if (picks === undefined) return this.#then?.choose(kind, n) ?? 0;
    const pick = picks[this.#pick];
    if (pick === undefined || pick.kind !== kind) return 0;
    this.#pick++;
    return pick.value < n ? pick.value : 0;
  }

  #actor(n: number): number {
    const machine = this.#machine;
    if (machine === null) throw new EngineError('a decision was asked before the execution began');
    this.#pick = 0;
    while (this.#at < this.#keep) {
      const k = findActor(machine, this.#schedule.steps[this.#at], n);
      this.#running = this.#at++;
      if (k >= 0) return k;
    }
    this.#running = this.#schedule.steps.length;
    return n > 1 ? (this.#then?.choose(Choice.Actor, n) ?? 0) : 0;
  }
}
