import type { ProgramGenerator } from '../generate.ts';
import { type Call, callCount, type Program } from '../program.ts';
import type { Stream } from '../stream.ts';

/** Most operations that a program grows to: long executions race no better and cost more. */
const MAX_CALLS = 24;

/** The lists of a program, in a form that is easy to change: setup, then CPUs, then interrupts. */
interface Draft {
  readonly lists: Call[][];
  readonly cpus: number;
}

interface Mutation {
  readonly name: string;
  readonly weight: number;
  /** Changes the draft; returns false if it cannot. */
  apply(draft: Draft, parts: Parts): boolean;
}

interface Parts {
  readonly stream: Stream;
  readonly generator: ProgramGenerator;
  readonly home: Map<string, number>;
  readonly others: readonly Program[];
}

const mutations: readonly Mutation[] = [
  { name: 'op-insert', weight: 4, apply: insert },
  { name: 'op-delete', weight: 3, apply: remove },
  { name: 'op-replace', weight: 3, apply: replace },
  { name: 'op-argument', weight: 4, apply: changeArgument },
  { name: 'op-move', weight: 2, apply: move },
  { name: 'op-copy', weight: 1, apply: copy },
  { name: 'cpu-swap', weight: 1, apply: swapCpus },
  { name: 'splice', weight: 3, apply: splice },
];
const weights = mutations.map(one => one.weight);

/** Tries before a program is given back as it is. */
const TRIES = 8;

/**
 * A changed program and what was done to it. `home` of the generator keeps new operations on the objects that the old
 * ones are about; `others` are programs to take operations from.
 */
export function mutateProgram(
  program: Program,
  generator: ProgramGenerator,
  others: readonly Program[],
  stream: Stream,
): { readonly program: Program; readonly how: string } {
  const draft: Draft = {
    lists: [program.setup, ...program.cpus, ...program.interrupts].map(list => [...list]),
    cpus: program.cpus.length,
  };
  const parts: Parts = { stream, generator, home: generator.homeOf(program), others };
  const done: string[] = [];
  // Mostly one change, at times several at once: what a bug needs may be two operations away.
  const wanted = 1 + stream.weighted([6, 3, 1]);
  for (let tries = 0; tries < TRIES && done.length < wanted; tries++) {
    const mutation = mutations[stream.weighted(weights)];
    if (mutation.apply(draft, parts)) done.push(mutation.name);
  }
  const changed: Program = {
    setup: draft.lists[0] ?? [],
    cpus: draft.lists.slice(1, 1 + draft.cpus),
    interrupts: draft.lists.slice(1 + draft.cpus),
  };
  const busy = changed.cpus.filter(list => list.length > 0).length;
  // With one CPU at work there is nothing to interleave.
  const fits = busy >= Math.min(2, draft.cpus) && callCount(changed) <= MAX_CALLS;
  if (!fits || done.length === 0) return { program, how: 'op-same' };
  return { program: changed, how: done[0] ?? '' };
}

function isHandlers(draft: Draft, list: number): boolean {
  return list > draft.cpus;
}

/** A list that has something in it, and a place there; null if none has. */
function place(draft: Draft, stream: Stream): { list: number; at: number } | null {
  const sizes = draft.lists.map(list => list.length);
  if (sizes.every(size => size === 0)) return null;
  const list = stream.weighted(sizes);
  return { list, at: stream.below(sizes[list] ?? 1) };
}

function insert(draft: Draft, { stream, generator, home }: Parts): boolean {
  const list = stream.below(draft.lists.length);
  const call = generator.drawCall(stream, home, isHandlers(draft, list));
  if (call === null) return false;
  const calls = draft.lists[list];
  calls.splice(stream.below(calls.length + 1), 0, call);
  return true;
}

function remove(draft: Draft, { stream }: Parts): boolean {
  const where = place(draft, stream);
  if (where === null) return false;
  draft.lists[where.list].splice(where.at, 1);
  return true;
}

function replace(draft: Draft, { stream, generator, home }: Parts): boolean {
  const where = place(draft, stream);
  if (where === null) return false;
  const call = generator.drawCall(stream, home, isHandlers(draft, where.list));
  if (call === null) return false;
  draft.lists[where.list][where.at] = call;
  return true;
}

function changeArgument(draft: Draft, { stream, generator }: Parts): boolean {
  const where = place(draft, stream);
  if (where === null) return false;
  const call = draft.lists[where.list][where.at];
  if (call.args.length === 0) return false;
  draft.lists[where.list][where.at] = generator.redrawArgument(stream, call);
  return true;
}

/** To another place, most often in another list: onto another CPU, into the setup or out of it. */
function move(draft: Draft, { stream }: Parts): boolean {
  const where = place(draft, stream);
  if (where === null || isHandlers(draft, where.list)) return false;
  const [call] = draft.lists[where.list].splice(where.at, 1);
  if (call === undefined) return false;
  const target = draft.lists[stream.below(1 + draft.cpus)];
  target.splice(stream.below(target.length + 1), 0, call);
  return true;
}

/** The same operation at once on another CPU: what a lock or a flag is to keep apart. */
function copy(draft: Draft, { stream }: Parts): boolean {
  const where = place(draft, stream);
  if (where === null || isHandlers(draft, where.list) || draft.cpus < 2) return false;
  const call = draft.lists[where.list][where.at];
  const at = Math.max(0, where.list - 1);
  const other = 1 + ((at + 1 + stream.below(draft.cpus - 1)) % draft.cpus);
  const target = draft.lists[other];
  target.splice(stream.below(target.length + 1), 0, call);
  return true;
}

function swapCpus(draft: Draft, { stream }: Parts): boolean {
  if (draft.cpus < 2) return false;
  const one = 1 + stream.below(draft.cpus);
  const other = 1 + ((one + stream.below(draft.cpus - 1)) % draft.cpus);
  const list = draft.lists[one];
  draft.lists[one] = draft.lists[other];
  draft.lists[other] = list;
  return true;
}

/** Takes over one list of another program, or the beginning of it. */
function splice(draft: Draft, { stream, others }: Parts): boolean {
  const other = others[stream.below(others.length)];
  if (other === undefined) return false;
  const lists = [other.setup, ...other.cpus];
  const to = stream.below(1 + draft.cpus);
  const from = to === 0 ? 0 : 1 + stream.below(lists.length - 1);
  const taken = lists[from] ?? [];
  if (taken.length === 0) return false;
  const own = draft.lists[to];
  const keep = stream.below(own.length + 1);
  draft.lists[to] = [...own.slice(0, keep), ...taken.slice(0, 1 + stream.below(taken.length))];
  return true;
}
