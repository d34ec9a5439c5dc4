import { Choice, choiceNames } from '../access.ts';
import type { DecisionSource, MachineView } from '../decisions.ts';

/** What an execution asked and was answered, forced steps left out: `kinds[i]` of `counts[i]` answers, `answers[i]`. */
export class Transcript implements DecisionSource {
  readonly everyStep: boolean;
  readonly kinds: number[] = [];
  readonly counts: number[] = [];
  readonly answers: number[] = [];
  readonly #inner: DecisionSource;

  constructor(inner: DecisionSource) {
    this.#inner = inner;
    this.everyStep = inner.everyStep;
  }

  begin(machine: MachineView): void {
    this.kinds.length = 0;
    this.counts.length = 0;
    this.answers.length = 0;
    this.#inner.begin(machine);
  }

  choose(kind: number, n: number): number {
    const value = this.#inner.choose(kind, n);
    if (n > 1 || kind !== Choice.Actor) {
      this.kinds.push(kind);
      this.counts.push(n);
      this.answers.push(value);
    }
    return value;
  }
}

/** Another answer in place of the recorded one, at a place of the transcript. */
export interface Edit {
  readonly at: number;
  readonly value: number;
}

/**
 * Gives the answers of a transcript, some of them edited, and goes on by another source after `keep` answers or where
 * they run out. After an edit the execution may ask other things: each kind of question then takes the recorded answers
 * of its own kind, in order, so that what follows stays as it was as far as it can.
 */
export class Edited implements DecisionSource {
  readonly everyStep = false;
  readonly #then: DecisionSource;
  /** The recorded answers by kind, and which come next. */
  readonly #answers: readonly (readonly number[])[];
  readonly #next: number[];
  #edits: readonly Edit[] = [];
  #keep = 0;
  #at = 0;
  #edit = 0;

  constructor(transcript: Pick<Transcript, 'kinds' | 'answers'>, then: DecisionSource) {
    this.#then = then;
    this.#answers = choiceNames.map((_, kind) =>
      transcript.answers.filter((__, i) => transcript.kinds[i] === kind),
    );
    this.#next = this.#answers.map(() => 0);
  }

  /** Sets what the next executions do; edits are in order of their places. */
  set(keep: number, edits: readonly Edit[]): void {
    this.#keep = keep;
    this.#edits = edits;
  }

  begin(machine: MachineView): void {
    this.#at = 0;
    this.#edit = 0;
    this.#next.fill(0);
    this.#then.begin(machine);
  }

  choose(kind: number, n: number): number {
    const at = this.#at++;
    if (at >= this.#keep) return this.#then.choose(kind, n);
    const recorded = this.#answers[kind][this.#next[kind]++];
    const edit = this.#edits[this.#edit];
    if (edit !== undefined && edit.at === at) {
      this.#edit++;
      return edit.value % n;
    }
    if (recorded === undefined) return this.#then.choose(kind, n);
    return recorded < n ? recorded : 0;
  }
}
