// The operational counterpart of the axioms: a machine that executes accesses one by one, out of order where the
// model allows it, with stores that reach CPUs at different times. It follows the `lkmm-ooo` machine of the
// project's notes on memory semantics and shares with the axiomatic search only the traces and the static preserved program
// order, so that each checks the other (test/litmus/machine.test.ts); it is far slower and meant for small tests.
//
// Each location has a list of messages in coherence order. A view maps locations to messages; every CPU has one,
// what has propagated to it. A message carries in `pv` what must be visible to whoever sees it. An access may
// execute when all accesses before it in preserved program order have:
// * a load takes any message at or after its CPU's view, and takes over the message and its pv; it forwards from the
//   latest earlier store of its CPU to the location while that has not executed, once the store's sources are known;
// * a store goes anywhere after its CPU's view, but not between the halves of a read-modify-write;
// * a strong fence between a and b puts what a has seen or stored into the views of all CPUs when b executes;
// * a grace period starts when everything before it is done and ends when the sections it found have ended; a section
//   begins with the first access after its lock, and one that begins during a grace period sees its start.
// Values, addresses and branch directions are guessed beforehand (a trace per process) and checked as loads execute.
// Plain accesses and SRCU are not modelled.

import { holds } from '../evaluate.ts';
import { flag } from './events.ts';
import type { Prepared } from './explore.ts';
import { hasBit } from './relations.ts';
import type { Shape } from './shape.ts';
import { Skeleton } from './skeleton.ts';

/** The initial message of a location. */
const first = -1;
/** A load that has not executed. */
const pending = -2;

type View = number[];

interface GracePeriodState {
  phase: 'before' | 'running' | 'over';
  start: View;
  /** Sections that had begun when it started. */
  found: readonly number[];
}

interface State {
  executed: number;
  /** Messages by location, as numbers of the stores, in coherence order. */
  messages: number[][];
  /** The message each load took. */
  source: number[];
  /** By CPU. */
  views: View[];
  /** By store. */
  pv: View[];
  gracePeriods: GracePeriodState[];
  /** Bits of the sections begun. */
  begun: number;
}

interface Place {
  readonly thread: number;
  readonly from: number;
  readonly to: number;
}

/** One choice of traces, run in every order. */
class Machine {
  private readonly s: Skeleton;
  private readonly value: (e: number) => number;
  private readonly initialValues: readonly number[];
  private readonly sections: Place[] = [];
  private readonly gracePeriods: Place[] = [];
  private readonly seen = new Set<string>();
  readonly finals: State[] = [];
  private budget: number;

  constructor(
    skeleton: Skeleton,
    value: (e: number) => number,
    initialValues: readonly number[],
    budget: number,
  ) {
    this.s = skeleton;
    this.value = value;
    this.initialValues = initialValues;
    this.budget = budget;
    skeleton.shapes.forEach((shape, thread) => {
      for (const s of shape.sections) this.sections.push({ thread, from: s.lock, to: s.unlock });
      for (const order of shape.gracePeriods) this.gracePeriods.push({ thread, from: order, to: order });
    });
  }

  /** Explores every order; false when the budget of states ran out. */
  run(): boolean {
    const { n, shapes } = this.s;
    const locations = this.initialValues.length;
    const empty = () => new Array<number>(locations).fill(first);
    const stack: State[] = [
      {
        executed: 0,
        messages: this.initialValues.map(() => []),
        source: new Array<number>(n).fill(pending),
        views: shapes.map(empty),
        pv: Array.from({ length: n }, empty),
        gracePeriods: this.gracePeriods.map(() => ({ phase: 'before', start: empty(), found: [] })),
        begun: 0,
      },
    ];
    for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
      const key = JSON.stringify(state);
      if (this.seen.has(key)) continue;
      if (this.budget-- <= 0) return false;
      this.seen.add(key);
      if (state.executed === 2 ** n - 1) this.finals.push(state);
      else this.successors(state, stack);
    }
    return true;
  }

  private successors(state: State, out: State[]): void {
    this.gracePeriods.forEach((_, g) => {
      const next = this.advance(state, g);
      if (next !== null) out.push(next);
    });
    for (let e = 0; e < this.s.n; e++) {
      if (this.done(state, e) || !this.ready(state, e)) continue;
      const next = structuredClone(state);
      this.fencesBefore(next, e);
      if (this.s.flags[e] & flag.write) this.store(next, e, out);
      else this.load(next, e, out);
    }
  }

  private done(state: State, e: number): boolean {
    return (state.executed & (1 << e)) !== 0;
  }

  private ready(state: State, e: number): boolean {
    const { n, words, ppo, thread, order } = this.s;
    for (let a = 0; a < n; a++) if (hasBit(ppo, a * words, e) && !this.done(state, a)) return false;
    return this.gracePeriods.every(
      (gp, g) => gp.thread !== thread[e] || gp.from > order[e] || state.gracePeriods[g].phase === 'over',
    );
  }

  private position(state: State, location: number, message: number): number {
    return message === first ? -1 : state.messages[location].indexOf(message);
  }

  private join(state: State, view: View, other: View): void {
    other.forEach((message, location) => {
      if (this.position(state, location, message) > this.position(state, location, view[location]))
        view[location] = message;
    });
  }

  /** A message with what it carries. */
  private with(state: State, message: number): View {
    const view = [...state.pv[message]];
    view[this.s.location[message]] = message;
    return view;
  }

  /** What an executed access passes on through an A-cumulative fence: a forwarded load nothing. */
  private seenBy(state: State, a: number): View {
    if (this.s.flags[a] & flag.write) return this.with(state, a);
    const m = state.source[a];
    if (m < 0 || this.s.thread[m] === this.s.thread[a]) return [];
    return this.with(state, m);
  }

  private publish(state: State, view: View): void {
    for (const mine of state.views) this.join(state, mine, view);
  }

  /** Beginnings of sections and strong fences that execute together with e. */
  private fencesBefore(state: State, e: number): void {
    const { n, words, thread, order, strongFence, flags, afterUnlockLock } = this.s;
    this.sections.forEach((section, i) => {
      if (section.thread !== thread[e] || section.from > order[e] || state.begun & (1 << i)) return;
      for (const gp of state.gracePeriods) if (gp.phase === 'running') this.publish(state, gp.start);
      state.begun |= 1 << i;
    });
    for (let a = 0; a < n; a++) {
      if (hasBit(strongFence, a * words, e)) this.publish(state, this.seenBy(state, a));
      const handover =
        flags[a] & flag.lockRead && hasBit(afterUnlockLock, a * words, e) && state.source[a] >= 0;
      // the fence after the lock covers all that the releasing store covers
      if (handover) this.publish(state, state.pv[state.source[a]]);
    }
  }

  private load(state: State, e: number, out: State[]): void {
    const { thread, location, writesAt, reads, first: starts, shapes, partner } = this.s;
    const x = location[e];
    const t = thread[e];
    const own = writesAt[x].filter(w => thread[w] === t && w < e).at(-1);
    const take = (message: number, next: State): void => {
      // a later load may have executed already: unless it forwarded from a store in between, they may not differ
      const clashes = (r: number) => {
        const taken = next.source[r];
        const between = taken > e && thread[taken] === t;
        return (
          r > e && thread[r] === t && location[r] === x && taken !== pending && !between && taken !== message
        );
      };
      if (reads.some(clashes)) return;
      // a message has one read-modify-write after it at most
      if (
        partner[e] >= 0 &&
        reads.some(r => r !== e && partner[r] >= 0 && location[r] === x && next.source[r] === message)
      )
        return;
      const value = message === first ? this.initialValues[x] : this.value(message);
      if (value !== this.value(e)) return;
      next.source[e] = message;
      next.executed |= 1 << e;
      out.push(next);
    };
    if (own !== undefined && !this.done(state, own)) {
      const { addr, data } = shapes[t].events[own - starts[t]];
      if ([...addr, ...data].every(i => this.done(state, starts[t] + i))) take(own, state);
      return;
    }
    const from = this.position(state, x, state.views[t][x]);
    for (let i = from; i < state.messages[x].length; i++) {
      const next = structuredClone(state);
      const message = i < 0 ? first : next.messages[x][i];
      if (message !== first) this.join(next, next.views[t], this.with(next, message));
      take(message, next);
    }
  }

  private store(state: State, e: number, out: State[]): void {
    const { thread, location, partner, reads, n, words, cumulative, ordinary, flags } = this.s;
    const x = location[e];
    const t = thread[e];
    const after = this.position(state, x, state.views[t][x]);
    for (let i = after + 1; i <= state.messages[x].length; i++) {
      const previous = i === 0 ? first : state.messages[x][i - 1];
      const read = partner[e];
      if (read >= 0 && state.source[read] !== previous) continue;
      if (reads.some(r => r !== read && partner[r] >= 0 && location[r] === x && state.source[r] === previous))
        continue;
      const next = structuredClone(state);
      next.messages[x].splice(i, 0, e);
      const pv = next.pv[e];
      for (let a = 0; a < n; a++) {
        const own = flags[a] & flag.write && hasBit(ordinary, a * words, e);
        if (own || hasBit(cumulative, a * words, e)) this.join(next, pv, this.seenBy(next, a));
        if (flags[a] & flag.lockRead && thread[a] === t && a < e) this.handover(next, a, pv);
      }
      if (read >= 0 && next.source[read] >= 0) this.join(next, pv, next.pv[next.source[read]]);
      pv[x] = first;
      next.views[t][x] = e;
      next.executed |= 1 << e;
      out.push(next);
    }
  }

  /** The own stores of the CPU that released the lock which read a takes are visible before later stores. */
  private handover(state: State, a: number, pv: View): void {
    const { thread, flags, first: starts } = this.s;
    const u = state.source[a];
    if (u < 0 || (flags[u] & flag.unlock) === 0) return;
    for (let w = starts[thread[u]]; w < u; w++)
      if (flags[w] & flag.write) this.join(state, pv, this.with(state, w));
  }

  /** The next step of a grace period, or null. */
  private advance(state: State, g: number): State | null {
    const { thread, from } = this.gracePeriods[g];
    const before = this.eventsBefore(thread, from);
    const { phase, found } = state.gracePeriods[g];
    if (phase === 'over') return null;
    if (phase === 'before') {
      const free = this.gracePeriods.every(
        (other, i) => other.thread !== thread || other.from >= from || state.gracePeriods[i].phase === 'over',
      );
      if (!free || !before.every(e => this.done(state, e))) return null;
      const next = structuredClone(state);
      const gp = next.gracePeriods[g];
      gp.phase = 'running';
      for (const e of before) this.join(next, gp.start, this.seenBy(next, e));
      gp.found = this.sections.flatMap((_, i) => (next.begun & (1 << i) ? [i] : []));
      this.publish(next, gp.start);
      return next;
    }
    const ended = (i: number) =>
      this.eventsBefore(this.sections[i].thread, this.sections[i].to).every(e => this.done(state, e));
    if (!found.every(ended)) return null;
    const next = structuredClone(state);
    const gp = next.gracePeriods[g];
    gp.phase = 'over';
    this.publish(next, gp.start);
    for (const i of found)
      for (const e of this.eventsBefore(this.sections[i].thread, this.sections[i].to))
        this.publish(next, this.seenBy(next, e));
    return next;
  }

  private eventsBefore(thread: number, order: number): number[] {
    const events: number[] = [];
    for (let e = this.s.first[thread]; e < this.s.first[thread + 1]; e++)
      if (this.s.order[e] < order) events.push(e);
    return events;
  }
}

/** Whether the machine can run a program: at most 31 accesses per choice of traces, no plain ones and no SRCU. */
export function machineRuns({ shapes, plain }: Prepared): boolean {
  const most = shapes.reduce((sum, list) => sum + Math.max(0, ...list.map(shape => shape.events.length)), 0);
  const srcu = flag.srcuLock | flag.srcuUnlock;
  const known = (shape: Shape) =>
    shape.events.every(e => (e.flags & srcu) === 0) && shape.markers.every(m => m.kind !== 'sync-srcu');
  return most <= 31 && !plain && shapes.every(list => list.every(known));
}

/**
 * All final states by the machine, as comma-separated values of the program's `observed`; null when over `budget` machine states were
 * needed.
 */
export function machineStates(prepared: Prepared, budget = 200_000): Set<string> | null {
  const { program, shapes, layout, cells } = prepared;
  const finals = new Set<string>();
  const state = new Array<number>(layout.size).fill(0);
  const chosen: Shape[] = [];
  const rows: number[] = [];
  let within = true;
  const run = () => {
    const skeleton = new Skeleton(chosen.slice(), cells);
    const value = (e: number) =>
      chosen[skeleton.thread[e]].rows[rows[skeleton.thread[e]]][e - skeleton.first[skeleton.thread[e]]];
    const machine = new Machine(skeleton, value, layout.initial, budget);
    within = machine.run();
    layout.registers.forEach((indices, t) => {
      indices.forEach((index, k) => {
        state[index] = chosen[t].registers[rows[t]][k];
      });
    });
    for (const final of machine.finals) {
      for (const { location, index, initial } of layout.locations) {
        const last = final.messages[location].at(-1);
        state[index] = last === undefined ? initial : value(last);
      }
      if (program.filter === null || holds(program.filter, state)) finals.add(state.join());
    }
  };
  const step = (t: number): void => {
    if (!within) return;
    if (t === shapes.length) {
      run();
      return;
    }
    for (const shape of shapes[t]) {
      chosen[t] = shape;
      for (let row = 0; row < shape.rows.length && within; row++) {
        rows[t] = row;
        step(t + 1);
      }
    }
  };
  step(0);
  return within ? finals : null;
}
