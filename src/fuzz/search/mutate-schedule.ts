import { Choice } from '../../engine/access.ts';
import type { Edit, Transcript } from '../../engine/strategies/edited.ts';

/** A change of a recorded schedule: how many of its answers are kept, which are edited on the way, and its name. */
export interface ScheduleMutation {
  readonly name: string;
  readonly keep: number;
  readonly edits: readonly Edit[];
}

type Recorded = Pick<Transcript, 'kinds' | 'counts' | 'answers'>;

/** How far a preemption is moved, in decisions about who goes next. */
const MAX_MOVE = 12;

/**
 * Draws a change of a recorded schedule: a prefix is kept and what follows is left to another strategy, or one to three
 * decisions are changed and the rest is followed: a preemption added or moved, a delay, a stale read, a failure.
 */
export function mutateSchedule(recorded: Recorded, random: () => number): ScheduleMutation {
  const { length } = recorded.answers;
  if (length === 0) return { name: 'sched-keep', keep: 0, edits: [] };
  const r = random();
  if (r < 0.3) return { name: 'sched-keep', keep: 1 + ((random() * length) | 0), edits: [] };
  const edits: Edit[] = [];
  let name = '';
  const wanted = random() < 0.6 ? 1 : random() < 0.6 ? 2 : 3;
  for (let i = 0; i < wanted; i++) {
    const at = (random() * length) | 0;
    const edited = editAt(recorded, at, random);
    if (name === '') name = edited.name;
    edits.push(...edited.edits);
  }
  // Of two edits of one place the first counts.
  edits.sort((a, b) => a.at - b.at);
  const places = edits.filter((edit, i) => i === 0 || edit.at !== edits[i - 1]?.at);
  return { name, keep: Number.MAX_SAFE_INTEGER, edits: places };
}

function editAt(
  { kinds, counts, answers }: Recorded,
  at: number,
  random: () => number,
): { readonly name: string; readonly edits: readonly Edit[] } {
  const others = Math.max(1, counts[at] - 1);
  const value = (answers[at] + 1 + ((random() * others) | 0)) % Math.max(1, counts[at]);
  if (kinds[at] !== Choice.Actor)
    return { name: weakNames[kinds[at]] ?? 'sched-choice', edits: [{ at, value }] };
  if (answers[at] === 0) return { name: 'sched-preempt', edits: [{ at, value }] };
  if (random() < 0.5) return { name: 'sched-calm', edits: [{ at, value: 0 }] };
  const to = neighbour(kinds, at, random);
  return {
    name: 'sched-move',
    edits: [
      { at, value: 0 },
      { at: to, value: answers[at] },
    ],
  };
}

const weakNames: Readonly<Record<number, string>> = {
  [Choice.Delay]: 'sched-delay',
  [Choice.Stale]: 'sched-stale',
  [Choice.Fail]: 'sched-fail',
  [Choice.Tlb]: 'sched-tlb',
};

/** A decision about who goes next some places before or after one. */
function neighbour(kinds: readonly number[], at: number, random: () => number): number {
  const direction = random() < 0.5 ? -1 : 1;
  let left = 1 + ((random() * MAX_MOVE) | 0);
  let to = at;
  for (let i = at + direction; i >= 0 && i < kinds.length && left > 0; i += direction) {
    if (kinds[i] !== Choice.Actor) continue;
    to = i;
    left--;
  }
  return to;
}
