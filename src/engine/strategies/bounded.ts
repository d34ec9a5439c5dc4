import { Choice } from '../access.ts';
import type { DecisionSource, MachineView } from '../decisions.ts';
import { EngineError } from '../errors.ts';

/** How far from calm the executions of a bounded search may be. */
export interface Bound {
  /** Times that a CPU is left although its next access could run. */
  readonly preemptions: number;
  /** Answers that reorder memory: stores delayed, delayed stores committed early, loads that read older values, TLB hits. */
  readonly reorderings: number;
}

/**
 * Every execution of a program within a bound, by stateless depth-first search: each execution repeats the answers of
 * the one before up to the last that has an untried alternative within the bound, takes that, and goes on calmly. No
 * reduction: what is counted as done was run. Context bounding is that of Musuvathi and Qadeer (CHESS, PLDI 2007): the
 * number of executions grows with the accesses to the power of the bound, not exponentially.
 *
 * Free of charge are which CPU goes first and which goes on when one waits or relaxes, allocations that fail, choices of
 * the model, and interrupts.
 *
 *     do machine.run(program, source); while (source.next());
 */
export class BoundedSearch implements DecisionSource {
  readonly everyStep = false;
  readonly #bound: Bound;
  #machine: MachineView | null = null;
  readonly #answers: number[] = [];
  readonly #options: number[] = [];
  /** Of each decision: which answers reorder memory (from, up to but not including), and whether smaller ones preempt. */
  readonly #reorderFrom: number[] = [];
  readonly #reorderTo: number[] = [];
  readonly #preempts: boolean[] = [];
  #at = 0;
  #started = false;
  /** Executions so far. */
  executions = 0;

  constructor(bound: Bound) {
    this.#bound = bound;
  }

  begin(machine: MachineView): void {
    this.#machine = machine;
    this.#at = 0;
    this.#started = false;
    this.executions++;
  }

  choose(kind: number, n: number): number {
    const at = this.#at++;
    if (at < this.#answers.length) {
      if (this.#options[at] !== n) {
        throw new EngineError(
          `decision ${at} has ${n} answers where it had ${this.#options[at]}: the model is not deterministic`,
        );
      }
      if (kind === Choice.Actor) this.#started = true;
      return this.#answers[at] ?? 0;
    }
    this.#answers.push(0);
    this.#options.push(n);
    const [from, to] = this.#reorderings(kind, n);
    this.#reorderFrom.push(from);
    this.#reorderTo.push(to);
    this.#preempts.push(kind === Choice.Actor && this.#started && this.#canStay());
    if (kind === Choice.Actor) this.#started = true;
    return 0;
  }

  /** Turns to the next execution; false if there is none. */
  next(): boolean {
    // An execution that ended early has not used what its successors may not use either.
    this.#truncate(Math.min(this.#answers.length, this.#at));
    let { preemptions, reorderings } = this.#spent(this.#answers.length);
    while (this.#answers.length > 0) {
      const last = this.#answers.length - 1;
      const old = this.#answers[last] ?? 0;
      preemptions -= this.#preemption(last, old);
      reorderings -= this.#reordering(last, old);
      for (let answer = old + 1; answer < (this.#options[last] ?? 0); answer++) {
        if (preemptions + this.#preemption(last, answer) > this.#bound.preemptions) continue;
        if (reorderings + this.#reordering(last, answer) > this.#bound.reorderings) continue;
        this.#answers[last] = answer;
        return true;
      }
      this.#truncate(last);
    }
    return false;
  }

  /** The CPU that ran last could go on: to take another one is a preemption. */
  #canStay(): boolean {
    const machine = this.#machine;
    return machine?.isEnabled(machine.current) === true;
  }

  /** The answers to a question that reorder memory. Commits come after the CPUs; where only they can go on, they are free. */
  #reorderings(kind: number, n: number): readonly [from: number, to: number] {
    if (kind === Choice.Delay || kind === Choice.Stale || kind === Choice.Tlb) return [1, n];
    const machine = this.#machine;
    if (kind !== Choice.Actor || machine === null) return [n, n];
    let from = 0;
    while (from < n && machine.actorAt(from)[0] === 'cpu') from++;
    let to = from;
    while (to < n && machine.actorAt(to)[0] === 'commit') to++;
    return from === 0 ? [n, n] : [from, to];
  }

  #preemption(at: number, answer: number): number {
    return answer > 0 && answer < (this.#reorderFrom[at] ?? 0) && this.#preempts[at] === true ? 1 : 0;
  }

  #reordering(at: number, answer: number): number {
    return answer >= (this.#reorderFrom[at] ?? 0) && answer < (this.#reorderTo[at] ?? 0) ? 1 : 0;
  }

  #spent(length: number): { preemptions: number; reorderings: number } {
    let preemptions = 0;
    let reorderings = 0;
    for (let at = 0; at < length; at++) {
      preemptions += this.#preemption(at, this.#answers[at] ?? 0);
      reorderings += this.#reordering(at, this.#answers[at] ?? 0);
    }
    return { preemptions, reorderings };
  }

  #truncate(length: number): void {
    this.#answers.length = length;
    this.#options.length = length;
    this.#reorderFrom.length = length;
    this.#reorderTo.length = length;
    this.#preempts.length = length;
  }
}
