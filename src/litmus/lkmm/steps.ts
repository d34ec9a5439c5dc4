// A consistent execution as a list of steps, for diagrams: the accesses in an order that agrees with executes-before
// and coherence as far as possible. Under a weak model no order explains every value (that is the point), so each
// read says whom it reads from.

import { Axioms, initial } from './axioms.ts';
import { flag } from './events.ts';
import { hasBit } from './relations.ts';
import type { Execution } from './search.ts';

/** One access of an execution. */
export interface ExecutionStep {
  readonly process: number;
  /** Line in the litmus file. */
  readonly line: number;
  /** Number of the location; from the program's count of locations on, a stray address. */
  readonly location: number;
  readonly kind: 'read' | 'write';
  readonly value: number;
  /** For a read: the index in the list of the step it reads from, or -1 for the initial value. */
  readonly readsFrom: number;
  /** For a write: its place in the coherence order of its location, from 1. */
  readonly coherence: number;
  /** It stands earlier in program order than some access listed before it: it was overtaken. */
  readonly overtaken: boolean;
}

/** The accesses of an execution in executes-before order, ties by process and program order. */
export function executionSteps(execution: Execution): ExecutionStep[] {
  const { skeleton: s, rf, co } = execution;
  const { n, words } = s;
  const axioms = new Axioms(s);
  axioms.consistent(rf, co);
  const placed: number[] = [];
  const done = new Uint8Array(n);
  while (placed.length < n) {
    // of those whose predecessors are done, the first in program order of the process that ran last, if it can run
    const free: number[] = [];
    for (let e = 0; e < n; e++) {
      if (done[e] === 1) continue;
      let blocked = false;
      for (let a = 0; a < n && !blocked; a++)
        blocked = done[a] === 0 && a !== e && hasBit(axioms.reach, a * words, e);
      if (!blocked) free.push(e);
    }
    const last = placed.length === 0 ? -1 : s.thread[placed[placed.length - 1]];
    const next = free.find(e => s.thread[e] === last) ?? free[0];
    done[next] = 1;
    placed.push(next);
  }
  return placed.map((e, at) => {
    const write = (s.flags[e] & flag.write) !== 0;
    const before = s.writesAt[s.location[e]].filter(w => hasBit(co, w * words, e)).length;
    return {
      process: s.thread[e],
      line: s.shapes[s.thread[e]].events[e - s.first[s.thread[e]]].line,
      location: s.location[e],
      kind: write ? 'write' : 'read',
      value: execution.value(e),
      readsFrom: write || rf[e] === initial ? -1 : placed.indexOf(rf[e]),
      coherence: write ? before + 1 : 0,
      overtaken: placed.slice(0, at).some(a => s.thread[a] === s.thread[e] && a > e),
    };
  });
}
