import { Note } from '../../engine/memory/memory.ts';
import { type AccessLog, Field, TURN_WIDTH, Turn, Where, WIDTH } from './access-log.ts';
import { hashText } from './hash.ts';
import { About, about } from './kinds.ts';

/** What a batch has seen of pairs of operations. */
export interface PairCounts {
  /** Executions looked at. */
  readonly sampled: number;
  /** In turns: `first * operations + second`, and the number of sampled executions in which the two met. */
  readonly counts: Int32Array;
}

/**
 * Which operations met: one CPU ran the first and another then the second, both touched one word, and one of the two
 * accesses wrote. A loop over the log of its own, so only for some executions.
 */
export class OperationPairs {
  readonly #size: number;
  readonly #indexOf: ReadonlyMap<number, number>;
  /** Per word: operation of the newest access, CPU and whether it wrote, packed; `#epoch` says of which execution. */
  readonly #last: Int32Array;
  readonly #epochs: Int32Array;
  #epoch = 0;
  readonly #running: Int32Array;
  /** Operation that an interrupt handler came into, per CPU. */
  readonly #below: Int32Array;
  readonly #counts = new Map<number, number>();
  readonly #now = new Set<number>();
  #sampled = 0;

  /** @param operations names, in the order in which the matrix has them. */
  constructor(words: number, cpus: number, operations: readonly string[]) {
    this.#size = operations.length;
    this.#indexOf = new Map(operations.map((name, i) => [hashText(name) | 1, i]));
    this.#last = new Int32Array(words);
    this.#epochs = new Int32Array(words);
    this.#running = new Int32Array(cpus);
    this.#below = new Int32Array(cpus);
  }

  /** Looks at an execution. One that is not `sampled` only says that pairs have met, not how often. */
  look(log: AccessLog, sampled: boolean): void {
    this.#epoch++;
    this.#running.fill(-1);
    this.#now.clear();
    if (sampled) this.#sampled++;
    const { words, end, turns, turnsEnd } = log;
    let turn = 0;
    for (let at = 0; at < end; at += WIDTH) {
      while (turn < turnsEnd && turns[turn + 3] <= at) {
        this.#turn(turns[turn], turns[turn + 1]);
        turn += TURN_WIDTH;
      }
      this.#access(words[at], words[at + 1] & Where.Address);
    }
    for (const pair of this.#now) this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + Number(sampled));
  }

  /** What was seen since the last call. */
  take(): PairCounts {
    const counts = { sampled: this.#sampled, counts: Int32Array.from([...this.#counts].flat()) };
    this.#sampled = 0;
    this.#counts.clear();
    return counts;
  }

  #turn(what: number, hash: number): void {
    const cpu = what & Turn.Cpu;
    const index = this.#indexOf.get(hash) ?? -1;
    const ends = (what & Turn.End) !== 0;
    if ((what & Turn.Handler) === 0) this.#running[cpu] = ends ? -1 : index;
    else if (ends) this.#running[cpu] = this.#below[cpu];
    else {
      this.#below[cpu] = this.#running[cpu];
      this.#running[cpu] = index;
    }
  }

  #access(what: number, address: number): void {
    const bits = about[(what >>> Field.Kind) & 31];
    if ((bits & (About.Reads | About.Writes)) === 0) return;
    const cpu = (what >>> Field.Cpu) & 15;
    const second = this.#running[cpu];
    if (second < 0) return;
    const failed = (what & (Note.Failed << Field.Note)) !== 0;
    const writes = (bits & About.Writes) !== 0 && !failed ? 1 : 0;
    const before = this.#last[address];
    const known = this.#epochs[address] === this.#epoch;
    this.#last[address] = (second << 5) | (cpu << 1) | writes;
    this.#epochs[address] = this.#epoch;
    if (!known || ((before >>> 1) & 15) === cpu || ((before & 1) | writes) === 0) return;
    this.#now.add((before >>> 5) * this.#size + second);
  }
}
