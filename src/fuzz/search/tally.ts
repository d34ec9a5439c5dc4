import type { Share } from '../tasks.ts';

/** Counts how many executions each strategy gave the schedule of, and each way of making programs the program. */
export class Tally {
  readonly #schedules = new Map<string, number>();
  readonly #programs = new Map<string, number>();

  add(strategy: string, how: string): void {
    this.#schedules.set(strategy, (this.#schedules.get(strategy) ?? 0) + 1);
    this.#programs.set(how, (this.#programs.get(how) ?? 0) + 1);
  }

  shares(): readonly Share[] {
    return [
      ...[...this.#schedules].map(([name, executions]) => ({ kind: 'schedule' as const, name, executions })),
      ...[...this.#programs].map(([name, executions]) => ({ kind: 'program' as const, name, executions })),
    ];
  }
}
