import type { Size } from '../../targets/target.ts';
import type { Program } from '../program.ts';
import { firstShown } from './calmest.ts';
import type { Found, Lab } from './lab.ts';
import type { PlacedSchedule } from './places.ts';

/** A program that shows the verdict, on a machine, with an execution that does. */
export interface Candidate {
  readonly program: Program;
  readonly size: Size;
  readonly found: Found;
}

/**
 * Executions spent on a program when the schedule at hand no longer shows the verdict: calm ones in order, random ones that
 * begin like it, and random ones.
 */
export interface Effort {
  readonly sweep: number;
  readonly near: number;
  readonly search: number;
}

export const thorough: Effort = { sweep: 350, near: 350, search: 1_000 };
/** For what matters less, and for programs that are near ones that were tried thoroughly. */
export const slight: Effort = { sweep: 250, near: 100, search: 100 };

/** An execution of another program with the verdict under the schedule or the answers at hand; null if they do not show it. */
export function quickly(
  lab: Lab,
  best: Candidate,
  program: Program,
  size: Size,
  schedule: PlacedSchedule,
): Candidate | null {
  const found =
    lab.follow(program, size, schedule, best.size) ??
    lab.followPlaces(program, size, schedule, best.size) ??
    lab.answer(program, size, best.found.answers);
  return found === null ? null : { program, size, found };
}

/** An execution of another program with the verdict, near the best so far or by search; null if there is none. */
export function reproduce(
  lab: Lab,
  best: Candidate,
  program: Program,
  size: Size,
  schedule: PlacedSchedule,
  effort: Effort,
): Candidate | null {
  const near = quickly(lab, best, program, size, schedule);
  if (near !== null) return near;
  const found = lab.tried(program, size, () => {
    const swept = firstShown(lab, program, size, { executions: effort.sweep });
    if (swept.found !== null || swept.all) return swept.found;
    return (
      lab.searchNear(program, size, schedule, best.size, effort.near) ??
      lab.search(program, size, effort.search)
    );
  });
  return found === null ? null : { program, size, found };
}
