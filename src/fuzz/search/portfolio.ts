import seedrandom from 'seedrandom';
import type { DecisionSource } from '../../engine/decisions.ts';
import { Edited, type Transcript } from '../../engine/strategies/edited.ts';
import { Hold } from '../../engine/strategies/hold.ts';
import { Pct } from '../../engine/strategies/pct.ts';
import { Pos } from '../../engine/strategies/pos.ts';
import type { Profile } from '../../engine/strategies/profile.ts';
import { RandomWalk } from '../../engine/strategies/random.ts';
import { mutateSchedule } from './mutate-schedule.ts';

/** How often each strategy gives a schedule. No strategy dominates, so all have a share. */
export interface Shares {
  readonly walk: number;
  readonly pct: number;
  readonly pos: number;
  readonly hold: number;
  /** Changes of the schedule of the queue entry; for children with its program only. */
  readonly edit: number;
}

export const defaultShares: Shares = { walk: 4, pct: 2, pos: 2, hold: 2, edit: 4 };

/** A schedule to run: the source of its decisions, and what it is called in statistics. */
export interface Proposal {
  readonly strategy: string;
  readonly source: DecisionSource;
}

/** Proposes the schedules of one program, each from a strategy drawn at random; the same name, the same proposals. */
export class Portfolio {
  readonly #name: string;
  readonly #random: () => number;
  readonly #shares: Shares;
  readonly #sources = new Map<string, DecisionSource>();
  readonly #transcript: Transcript | null;
  #profile: Profile | null = null;

  /** `transcript` is that of the entry if the program is the entry's. */
  constructor(name: string, transcript: Transcript | null, shares: Shares = defaultShares) {
    this.#name = name;
    this.#random = seedrandom.alea(`${name}/portfolio`);
    this.#transcript = transcript;
    this.#shares = shares;
  }

  /** The accesses of an execution of the program, once there is one. */
  set profile(profile: Profile) {
    this.#profile = profile.shared.length > 0 ? profile : null;
  }

  next(): Proposal {
    const { walk, pct, pos, hold, edit } = this.#shares;
    const edits = this.#transcript === null ? 0 : edit;
    const holds = this.#profile === null ? 0 : hold;
    let r = this.#random() * (walk + pct + pos + holds + edits);
    if ((r -= edits) < 0) return this.#edited();
    if ((r -= pct) < 0) return this.#of('pct', seed => new Pct(seed));
    if ((r -= pos) < 0) return this.#of('pos', seed => new Pos(seed));
    const profile = this.#profile;
    if (profile !== null && (r -= holds) < 0) return this.#of('hold', seed => new Hold(seed, profile));
    return this.#of('walk', seed => new RandomWalk(seed));
  }

  #of(strategy: string, make: (seed: string) => DecisionSource): Proposal {
    let source = this.#sources.get(strategy);
    if (source === undefined) {
      source = make(`${this.#name}/${strategy}`);
      this.#sources.set(strategy, source);
    }
    return { strategy, source };
  }

  #edited(): Proposal {
    const { source } = this.#of('edit', seed => {
      const transcript = this.#transcript ?? { kinds: [], answers: [] };
      return new Edited(transcript, new RandomWalk(seed));
    });
    const mutation = this.#transcript === null ? null : mutateSchedule(this.#transcript, this.#random);
    if (source instanceof Edited && mutation !== null) source.set(mutation.keep, mutation.edits);
    return { strategy: mutation?.name ?? 'edit', source };
  }
}
