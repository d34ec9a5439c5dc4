import { type Call, callCount, type Program } from '../program.ts';
import type { Lab } from './lab.ts';
import { type Candidate, replaced, without } from './program.ts';

/** Programs with as many operations are worth a second look: few candidates, each with many executions. */
const FEWEST = 3;
const MOST = 4;
/** Executions for one candidate, at most. */
const SEARCH = 6_000;

/**
 * Looks once more for a program with one operation less, with half of what is left of the budget: dropping one alone may need a
 * schedule that is rare, and of three operations two may do elsewhere than where they stand.
 */
export function fewerOperations(start: Candidate, lab: Lab): Candidate {
  const { program, size } = start;
  const count = callCount(program);
  if (count < FEWEST || count > MOST) return start;
  const candidates = [...dropped(program), ...(count === FEWEST ? placedAnew(program) : [])];
  const executions = Math.min(SEARCH, Math.floor(lab.budget / 2 / candidates.length));
  for (const next of candidates) {
    const found = lab.search(next, size, executions);
    if (found !== null) return { program: next, size, found };
  }
  return start;
}

function* dropped(program: Program): Generator<Program> {
  const { setup, cpus, interrupts } = program;
  for (let i = 0; i < setup.length; i++) yield { ...program, setup: without(setup, i) };
  for (const part of ['cpus', 'interrupts'] as const) {
    for (const [cpu, list] of (part === 'cpus' ? cpus : interrupts).entries()) {
      for (let i = 0; i < list.length; i++)
        yield { ...program, [part]: replaced(program[part], cpu, without(list, i)) };
    }
  }
}

/** Two of three operations side by side, where both stood on one CPU or one in the setup. */
function* placedAnew({ setup, cpus, interrupts }: Program): Generator<Program> {
  if (cpus.length < 2 || interrupts.some(list => list.length > 0)) return;
  const calls: readonly (readonly [number, Call])[] = [
    ...setup.map(call => [-1, call] as const),
    ...cpus.flatMap((list, cpu) => list.map(call => [cpu, call] as const)),
  ];
  for (const [i, [a, first]] of calls.entries()) {
    for (const [b, second] of calls.slice(i + 1)) {
      if (a !== b && a >= 0 && b >= 0) continue;
      yield {
        setup: [],
        cpus: cpus.map((_, cpu) => (cpu === 0 ? [first] : cpu === 1 ? [second] : [])),
        interrupts,
      };
    }
  }
}
