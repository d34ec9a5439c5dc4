import { Choice, Kind } from '../../engine/access.ts';
import type { DecisionSource } from '../../engine/decisions.ts';
import type { Machine } from '../../engine/machine.ts';
import { type Cost, lessCost } from './cost.ts';

/** Decisions after so many are calm: the ends of executions that go round in a loop are all the same. */
const LONGEST = 1_000;

/** What a decision is about, and what its answers cost. */
interface Decision {
  readonly kind: number;
  readonly options: number;
  /** Of an actor: answers from here on are commits, and from there on interrupts and RCU. */
  readonly commitsFrom: number;
  readonly restFrom: number;
  /** The word that the CPU at hand is about to access; 0 if leaving it here may always matter. */
  readonly address: number;
  answer: number;
}

/**
 * Words that two CPUs have accessed in some execution of a program, one of them at least to write; whoever frees an object
 * accesses all of it.
 */
export class SharedWords {
  readonly #readers = new Map<number, number>();
  readonly #writers = new Map<number, number>();
  readonly #freed = new Set<number>();

  /** A CPU is about to execute its pending access. */
  note({ cpus, slab }: Machine, cpu: number): void {
    const { kind = Kind.None, address = 0 } = cpus[cpu] ?? {};
    if (address === 0) return;
    if (kind === Kind.Free) this.#freed.add(slab.objectOf[address]);
    const reads = kind === Kind.Load || kind === Kind.PlainLoad;
    const words = reads ? this.#readers : this.#writers;
    words.set(address, (words.get(address) ?? 0) | (1 << cpu));
  }

  has({ slab }: Machine, address: number): boolean {
    if (this.#freed.has(slab.objectOf[address])) return true;
    const writers = this.#writers.get(address) ?? 0;
    const all = writers | (this.#readers.get(address) ?? 0);
    return writers !== 0 && (all & (all - 1)) !== 0;
  }
}

/**
 * Every execution of a program with few answers that are not calm, by stateless depth-first search as in `BoundedSearch`,
 * but counted as the minimiser counts. A CPU is left, and a store delayed, only at words that another CPU uses too: what
 * goes on between such accesses nobody can tell apart.
 */
export class Sweep implements DecisionSource {
  /** What a CPU accesses where it is the only one that can go is looked at too. */
  readonly everyStep = true;
  readonly #most: number;
  readonly #below: Cost | null;
  readonly #shared: SharedWords;
  readonly #decisions: Decision[] = [];
  #machine: Machine | null = null;
  #at = 0;
  #begun = false;
  /** Whether `most` forbade an answer, so that with more of them there is more to run. */
  forbade = false;

  readonly #prefix: readonly number[];

  /**
   * At most so many answers that are not calm (a stale read counts by how old its value is), and less than a cost; all
   * begin with the answers of `prefix`.
   */
  constructor(most: number, below: Cost | null, shared: SharedWords, prefix: readonly number[] = []) {
    this.#most = most;
    this.#below = below;
    this.#shared = shared;
    this.#prefix = prefix;
  }

  begin(machine: Machine): void {
    this.#machine = machine;
    this.#at = 0;
    this.#begun = false;
  }

  choose(kind: number, n: number): number {
    const answer = kind === Choice.Actor && n === 1 ? 0 : this.#decide(kind, n);
    if (kind === Choice.Actor) {
      this.#begun = true;
      this.#notes(answer);
    }
    return answer;
  }

  #decide(kind: number, n: number): number {
    const at = this.#at++;
    if (at >= LONGEST) return 0;
    const known = this.#decisions[at];
    if (known !== undefined) return known.answer;
    const asked = this.#asked(kind, n);
    const given = this.#prefix[at] ?? 0;
    asked.answer = given < n ? given : 0;
    this.#decisions.push(asked);
    return asked.answer;
  }

  /** Turns to the next execution; false if there is none. */
  next(): boolean {
    this.#decisions.length = Math.min(this.#decisions.length, this.#at);
    const spent: Spent = [0, 0, 0];
    for (const one of this.#decisions) spend(spent, one, 1);
    while (this.#decisions.length > this.#prefix.length) {
      const last = this.#decisions.at(-1);
      if (last === undefined) break;
      spend(spent, last, -1);
      while (++last.answer < last.options) if (this.#allowed(last, spent)) return true;
      this.#decisions.pop();
    }
    return false;
  }

  #asked(kind: number, options: number): Decision {
    const machine = this.#machine;
    const decision = { kind, options, commitsFrom: options, restFrom: options, address: 0, answer: 0 };
    if (machine === null || (kind !== Choice.Actor && kind !== Choice.Delay)) return decision;
    const { address, kind: access } = machine.cpus[machine.current] ?? { address: 0, kind: Kind.None };
    if (kind === Choice.Delay) return { ...decision, address };
    let commitsFrom = 0;
    while (commitsFrom < options && machine.actorAt(commitsFrom)[0] === 'cpu') commitsFrom++;
    let restFrom = commitsFrom;
    while (restFrom < options && machine.actorAt(restFrom)[0] === 'commit') restFrom++;
    const anywhere = !machine.isEnabled(machine.current) || !this.#begun || !ofOneWord(access);
    return { ...decision, commitsFrom, restFrom, address: anywhere ? 0 : address };
  }

  /** Takes down what the CPU that goes next is about to access. */
  #notes(answer: number): void {
    const machine = this.#machine;
    if (machine === null) return;
    const [actor, index] = machine.actorAt(answer);
    if (actor === 'cpu') this.#shared.note(machine, index);
  }

  #allowed(decision: Decision, spent: Spent): boolean {
    const { kind, address, answer, commitsFrom } = decision;
    const leaves = (kind === Choice.Actor && answer < commitsFrom) || kind === Choice.Delay;
    if (leaves && address !== 0 && this.#machine !== null && !this.#shared.has(this.#machine, address))
      return false;
    spend(spent, decision, 1);
    const few = spent[0] + spent[1] + spent[2] <= this.#most;
    // Compared without the accesses of `below`, which has one figure more.
    const less = this.#below === null || lessCost(spent, this.#below);
    spend(spent, decision, -1);
    if (less && !few) this.forbade = true;
    return few && less;
  }
}

/** Switches, weak answers and the rest, as in `Cost`. */
type Spent = [switches: number, weak: number, rest: number];

function spend(spent: Spent, { kind, answer, commitsFrom, restFrom }: Decision, sign: number): void {
  if (answer === 0) return;
  if (kind === Choice.Actor) spent[answer < commitsFrom ? 0 : answer < restFrom ? 1 : 2] += sign;
  else if (kind === Choice.Delay || kind === Choice.Stale || kind === Choice.Tlb) spent[1] += sign * answer;
  else spent[2] += sign * answer;
}

/** Whether an access is told by its word alone: not a barrier, a section of RCU, a page-table walk or a TLB flush. */
function ofOneWord(kind: number): boolean {
  return (
    kind === Kind.Load ||
    kind === Kind.Store ||
    kind === Kind.Rmw ||
    kind === Kind.PlainLoad ||
    kind === Kind.PlainStore ||
    (kind >= Kind.Lock && kind <= Kind.Wait) ||
    (kind >= Kind.Unlock && kind <= Kind.IsLocked) ||
    kind === Kind.BitUnlock ||
    kind === Kind.BitTrylock ||
    kind === Kind.ReadTrylock
  );
}
