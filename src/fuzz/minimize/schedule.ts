import type { Schedule, Step } from '../../engine/schedule.ts';
import { firstShown } from './calmest.ts';
import type { Candidate } from './candidate.ts';
import { lessCost } from './cost.ts';
import type { Found, Lab } from './lab.ts';

/** Executions among which a calmer one is looked for: calm ones in order, then those that begin like the best, then random ones. */
const SWEEP = 8_000;
const ALIKE = 5_000;
const SEARCH = 1_000;
/** Answers more than the best execution has in all, so that two reorderings may stand for a preemption. */
const SLACK = 1;

/**
 * Makes the schedule calmer as long as the verdict stays; ends where no single change makes it calmer, and where no calmer
 * one is among the executions with few answers that are not calm.
 */
export function calmSchedule(start: Candidate, lab: Lab): Candidate {
  const { program, size } = start;
  let best = polished(start, lab);
  let last = Math.max(0, lab.budget - SWEEP);
  while (lab.budget > last) {
    const range = { executions: lab.budget - last, most: notCalm(best) + SLACK, below: best.cost };
    const { found, complete } = firstShown(lab, program, size, range);
    if (found !== null) best = found;
    else if (complete) return { program, size, found: best };
  }
  best = calmerEnd({ program, size, found: best }, lab);
  last = Math.max(0, lab.budget - SEARCH);
  while (lab.budget > last) {
    const found = lab.search(program, size, lab.budget - last);
    if (found !== null && lessCost(found.cost, best.cost)) best = found;
  }
  return { program, size, found: polished({ program, size, found: best }, lab) };
}

/** Keeps the first answers that are not calm, more and more of them, and looks for a calmer way on from there. */
function calmerEnd({ program, size, found }: Candidate, lab: Lab): Found {
  let best = found;
  const last = Math.max(0, lab.budget - ALIKE);
  for (let kept = 1; lab.budget > last; kept++) {
    const set = best.answers.flatMap((answer, i) => (answer === 0 ? [] : [i]));
    const at = set[kept - 1];
    if (at === undefined) break;
    const executions = Math.ceil((lab.budget - last) / (set.length - kept + 1));
    const range = {
      executions,
      most: notCalm(best),
      below: best.cost,
      prefix: best.answers.slice(0, at + 1),
    };
    const next = firstShown(lab, program, size, range).found;
    if (next === null) continue;
    best = next;
    kept = 0;
  }
  return best;
}

/** Answers of an execution that are not calm. */
export function notCalm({ cost }: Found): number {
  const [switches = 0, weak = 0, rest = 0] = cost;
  return switches + weak + rest;
}

/** Changes a schedule by single steps until none makes it calmer. */
export function polished({ program, size, found }: Candidate, lab: Lab): Found {
  let best = found;
  const better = (next: Found | null): boolean => {
    if (next === null || !lessCost(next.cost, best.cost)) return false;
    best = next;
    return true;
  };
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
  return best;
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
