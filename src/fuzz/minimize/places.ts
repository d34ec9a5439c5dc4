import { Choice } from '../../engine/access.ts';
import type { DecisionSource } from '../../engine/decisions.ts';
import { MAX_CPUS } from '../../engine/machine/state.ts';
import type { Machine } from '../../engine/machine.ts';
import type { Pick, Schedule, Step } from '../../engine/schedule.ts';
import { findActor } from '../../engine/strategies/replay.ts';

/** An access of a CPU: in which of its operations, at which site, and how often it came there before. */
interface Place {
  readonly operation: number;
  readonly site: number;
  readonly nth: number;
}

/** A step with the access that ran in it. */
export interface PlacedStep extends Step, Place {}

/** A schedule whose steps say what ran in them, so that it keeps its meaning where operations are taken away or change. */
export interface PlacedSchedule extends Schedule {
  readonly steps: readonly PlacedStep[];
}

/** Counts how often each CPU has come to each site of each of its operations. */
class Visits {
  readonly #visits = new Map<number, number>();

  reset(): void {
    this.#visits.clear();
  }

  /** Times that the access was executed before. */
  of(cpu: number, operation: number, site: number): number {
    return this.#visits.get(keyOf(cpu, operation, site)) ?? 0;
  }

  /** The place of the pending access of a CPU, which is about to be executed. */
  enter(machine: Machine, cpu: number): Place {
    const { operation, site } = machine.cpus[cpu] ?? { operation: 0, site: 0 };
    const nth = this.of(cpu, operation, site);
    this.#visits.set(keyOf(cpu, operation, site), nth + 1);
    return { operation, site, nth };
  }
}

function keyOf(cpu: number, operation: number, site: number): number {
  return (site * 1_024 + operation) * MAX_CPUS + cpu;
}

const nowhere: Place = { operation: -1, site: 0, nth: 0 };

/** Wraps a source and writes down the place of each step. */
export class PlaceRecorder implements DecisionSource {
  readonly everyStep = true;
  readonly #inner: DecisionSource;
  readonly #visits = new Visits();
  readonly #places: Place[] = [];
  #machine: Machine | null = null;

  constructor(inner: DecisionSource) {
    this.#inner = inner;
  }

  begin(machine: Machine): void {
    this.#machine = machine;
    this.#places.length = 0;
    this.#visits.reset();
    this.#inner.begin(machine);
  }

  choose(kind: number, n: number): number {
    const answer = this.#inner.choose(kind, n);
    if (kind === Choice.Actor && this.#machine !== null) {
      const [actor, index] = this.#machine.actorAt(answer);
      this.#places.push(actor === 'cpu' ? this.#visits.enter(this.#machine, index) : nowhere);
    }
    return answer;
  }

  /** The schedule of the last execution, as described by another wrapper, with its places. */
  placed({ before, steps }: Schedule): PlacedSchedule {
    return { before, steps: steps.map((step, i) => ({ ...step, ...(this.#places[i] ?? nowhere) })) };
  }
}

/**
 * Follows a schedule by its places: a CPU runs until it has executed the access with which its block ends, however many
 * accesses that takes, and answers are given at the accesses where they were given. `Follow` counts accesses instead; an
 * operation that is gone, or goes another way, shifts all that comes after it there.
 */
export class FollowPlaces implements DecisionSource {
  readonly everyStep = true;
  readonly #before: readonly Pick[];
  readonly #ends: readonly PlacedStep[];
  readonly #picks = new Map<string, readonly Pick[]>();
  readonly #visits = new Visits();
  #machine: Machine | null = null;
  #at = 0;
  #running: readonly Pick[] = [];
  #pick = 0;

  constructor({ before, steps }: PlacedSchedule) {
    this.#before = before;
    this.#ends = steps.filter((step, i) => {
      const next = steps[i + 1];
      return step.actor !== 'cpu' || next?.actor !== 'cpu' || next.cpu !== step.cpu;
    });
    for (const step of steps) if (step.picks.length > 0) this.#picks.set(pickKey(step.cpu, step), step.picks);
  }

  begin(machine: Machine): void {
    this.#machine = machine;
    this.#at = 0;
    this.#running = this.#before;
    this.#pick = 0;
    this.#visits.reset();
  }

  choose(kind: number, n: number): number {
    if (kind === Choice.Actor) return this.#actor(n);
    const pick = this.#running[this.#pick];
    if (pick === undefined || pick.kind !== kind) return 0;
    this.#pick++;
    return pick.value < n ? pick.value : 0;
  }

  #actor(n: number): number {
    const machine = this.#machine;
    if (machine === null) return 0;
    this.#pick = 0;
    const k = this.#next(machine, n);
    const [actor, index] = machine.actorAt(k);
    const place = actor === 'cpu' ? this.#visits.enter(machine, index) : nowhere;
    this.#running = actor === 'cpu' ? (this.#picks.get(pickKey(index, place)) ?? []) : [];
    return k;
  }

  #next(machine: Machine, n: number): number {
    for (; this.#at < this.#ends.length; this.#at++) {
      const end = this.#ends[this.#at];
      if (end === undefined || (end.actor === 'cpu' && this.#isPast(machine, end))) continue;
      const k = findActor(machine, end, n);
      if (k < 0) continue;
      if (end.actor !== 'cpu') this.#at++;
      return k;
    }
    return 0;
  }

  /** Whether a CPU has executed the access with which a block ends, or is in an operation behind it. */
  #isPast(machine: Machine, { cpu, operation, site, nth }: PlacedStep): boolean {
    if ((machine.cpus[cpu]?.operation ?? 0) > operation) return true;
    return this.#visits.of(cpu, operation, site) > nth;
  }
}

function pickKey(cpu: number, { operation, site, nth }: Place): string {
  return `${cpu}/${operation}/${site}/${nth}`;
}

/** The schedule without the steps of one operation of a CPU; those behind it have moved up. */
export function withoutOperation(schedule: PlacedSchedule, cpu: number, operation: number): PlacedSchedule {
  const steps = schedule.steps.flatMap(step => {
    if (step.cpu !== cpu || step.operation < operation) return [step];
    return step.operation === operation ? [] : [{ ...step, operation: step.operation - 1 }];
  });
  return { ...schedule, steps };
}

/** The schedule without the steps of a CPU. */
export function withoutCpu(schedule: PlacedSchedule, cpu: number): PlacedSchedule {
  return { ...schedule, steps: schedule.steps.filter(step => step.cpu !== cpu) };
}

/** The schedule of a machine that keeps only the CPUs of `used`, which become 0, 1, ... */
export function renumbered(schedule: PlacedSchedule, used: readonly number[]): PlacedSchedule {
  const steps = schedule.steps.flatMap(step => {
    const cpu = used.indexOf(step.cpu);
    return cpu < 0 ? [] : [{ ...step, cpu }];
  });
  return { before: schedule.before, steps };
}
