import type { Schedule, Step } from '../../engine/schedule.ts';
import { type Found, type Lab, lessCost } from './lab.ts';
import type { Candidate } from './program.ts';

/** Random executions among which a calmer one is looked for before the fine work. */
const SEARCH = 4_000;

/** Makes the schedule calmer as long as the verdict stays; ends where no single change makes it calmer. */
export function calmSchedule(start: Candidate, lab: Lab): Candidate {
  const { program, size } = start;
  let best = start.found;
  const better = (found: Found | null): boolean => {
    if (found === null || !lessCost(found.cost, best.cost)) return false;
    best = found;
    return true;
  };
  for (let left = SEARCH; left > 0 && lab.budget > 0; left--) better(lab.search(program, size, 1));
  for (let again = true; again && lab.budget > 0; ) {
    again = false;
    for (const schedule of calmerSchedules(best.schedule)) {
      if (!better(lab.follow(program, size, schedule, size))) continue;
      again = true;
      break;
    }
    if (again) continue;
    for (const answers of calmerAnswers(best.answers)) {
      if (!better(lab.answer(program, size, answers))) continue;
      again = true;
      break;
    }
  }
  return { program, size, found: best };
}

/** Single changes of a schedule: fewer answers, blocks dropped (they then run calmly at the end), blocks moved. */
function* calmerSchedules({ before, steps }: Schedule): Generator<Schedule> {
  for (let i = 0; i < before.length; i++) yield { before: before.filter((_, j) => j !== i), steps };
  for (const [i, step] of steps.entries()) {
    if (step.actor !== 'cpu') yield { before, steps: steps.filter((_, j) => j !== i) };
    for (const pick of step.picks) {
      const picks = step.picks.filter(one => one !== pick);
      yield { before, steps: steps.map((one, j) => (j === i ? { ...one, picks } : one)) };
      if (pick.value > 1) {
        const lower = step.picks.map(one => (one === pick ? { ...one, value: one.value - 1 } : one));
        yield { before, steps: steps.map((one, j) => (j === i ? { ...one, picks: lower } : one)) };
      }
    }
  }
  const blocks = blocksOf(steps);
  for (let length = blocks.length; length >= 1; length = Math.floor(length / 2)) {
    for (let i = 0; i + length <= blocks.length; i++) {
      yield { before, steps: [...blocks.slice(0, i), ...blocks.slice(i + length)].flat() };
    }
  }
  for (let i = 0; i < blocks.length; i++) {
    for (let j = i + 2; j < blocks.length; j++) {
      if (blocks[i]?.[0]?.cpu !== blocks[j]?.[0]?.cpu) continue;
      // Two blocks of one CPU become one, at the place of the first or of the second.
      const rest = blocks.slice(i + 1, j);
      yield {
        before,
        steps: [...blocks.slice(0, i), blocks[i], blocks[j], ...rest, ...blocks.slice(j + 1)].flat(),
      };
      yield {
        before,
        steps: [...blocks.slice(0, i), ...rest, blocks[i], blocks[j], ...blocks.slice(j + 1)].flat(),
      };
    }
  }
  for (let i = 0; i + 1 < blocks.length; i++) {
    // One access less before a switch.
    const [block, next] = [blocks[i], blocks[i + 1]];
    const last = block.at(-1);
    if (last === undefined) continue;
    yield {
      before,
      steps: [...blocks.slice(0, i), block.slice(0, -1), next, [last], ...blocks.slice(i + 2)].flat(),
    };
  }
}

/** Runs of consecutive steps of one CPU; commits and interrupts stand alone. */
function blocksOf(steps: readonly Step[]): readonly (readonly Step[])[] {
  const blocks: Step[][] = [];
  for (const step of steps) {
    const last = blocks.at(-1);
    if (step.actor === 'cpu' && last?.[0]?.actor === 'cpu' && last[0].cpu === step.cpu) last.push(step);
    else blocks.push([step]);
  }
  return blocks;
}

/** Answers moved to 0: all from some place on, blocks of halving length, single ones. */
function* calmerAnswers(answers: readonly number[]): Generator<readonly number[]> {
  const set = answers.flatMap((value, i) => (value === 0 ? [] : [i]));
  for (const from of set) yield answers.slice(0, from);
  for (let length = set.length >> 1; length >= 1; length >>= 1) {
    for (let i = 0; i + length <= set.length; i += length) {
      const zero = new Set(set.slice(i, i + length));
      yield answers.map((value, at) => (zero.has(at) ? 0 : value));
    }
  }
  for (const at of set) {
    const value = answers[at] ?? 0;
    if (value > 1) yield answers.map((one, i) => (i === at ? 1 : one));
    yield [...answers.slice(0, at), ...answers.slice(at + 1)];
  }
}
