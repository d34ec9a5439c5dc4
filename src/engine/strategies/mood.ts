import { Choice } from '../access.ts';

const delays = [0, 0.1, 0.5, 0.9];
const stales = [0.1, 0.3, 0.5];
/** Chance at a step that a delayed store is committed, or that an interrupt arrives, while CPUs could run. */
const commits = [0.02, 0.1, 0.3];
const interrupts = [0.02, 0.1];
const FAIL = 0.1;

/**
 * How willing an execution is to do what strategies over CPUs say nothing of: delay stores, read stale values, fail
 * allocations, commit, interrupt. Each execution draws its own.
 */
export class Mood {
  readonly #random: () => number;
  #delay = 0;
  #stale = 0;
  #commit = 0;
  #interrupt = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  draw(): void {
    this.#delay = this.#one(delays);
    this.#stale = this.#one(stales);
    this.#commit = this.#one(commits);
    this.#interrupt = this.#one(interrupts);
  }

  /** Answers any question but who goes next. */
  answer(kind: number, n: number): number {
    const r = this.#random();
    switch (kind) {
      case Choice.Delay:
        return r < this.#delay ? 1 : 0;
      case Choice.Stale:
        return r < this.#stale ? 1 + (((r / this.#stale) * (n - 1)) | 0) : 0;
      case Choice.Fail:
        return r < FAIL ? 1 : 0;
      default:
        return (r * n) | 0;
    }
  }

  /** Among `n` actors of which the first `cpus` are CPUs: one of the others that goes next, or -1 for a CPU. */
  other(cpus: number, n: number, commitsOffered: number): number {
    if (n === cpus) return -1;
    const r = this.#random();
    if (commitsOffered > 0) {
      if (cpus === 0 || r < this.#commit) return cpus + ((this.#random() * commitsOffered) | 0);
    }
    const interruptsOffered = n - cpus - commitsOffered;
    if (interruptsOffered > 0) {
      if (cpus === 0 || r > 1 - this.#interrupt)
        return cpus + commitsOffered + ((this.#random() * interruptsOffered) | 0);
    }
    return -1;
  }

  #one(values: readonly number[]): number {
    return values[(this.#random() * values.length) | 0];
  }
}
