import { verdictText } from '../../fuzz/case/case.ts';
import type { ExecutionStep, Moment, Stepped, UsedWord } from '../../fuzz/steps/steps.ts';
import type { TraceEvent, TraceViolation } from '../../fuzz/trace.ts';
import { type Spell, spelling } from '../location.ts';

/** Forwards or backwards. */
export type Direction = 1 | -1;

/** A word of memory as it is at a position. */
export interface WordNow {
  readonly address: number;
  readonly location: string;
  readonly value: string;
  /** The value before the last step, if that changed it. */
  readonly was: string | null;
  /** The step that gave it this value; -1 if none did. */
  readonly since: number;
  /** Whether it is the oracles' own. */
  readonly ghost: boolean;
}

interface History {
  readonly word: UsedWord;
  /** Steps that changed the word, and what they left. */
  readonly steps: readonly number[];
  readonly values: readonly string[];
}

/**
 * An execution to walk through. A position is a number of steps done, from 0 to `last`; the setup's come first, and
 * `start` is where the CPUs begin.
 */
export class StepModel {
  readonly stepped: Stepped;
  readonly start: number;
  readonly last: number;
  readonly cpus: number;
  /** Spells a location as the kernel would where that is unambiguous in this execution. */
  readonly spell: Spell;
  readonly #histories: readonly History[];

  constructor(stepped: Stepped) {
    const { steps, setup, words, trace } = stepped.execution;
    this.stepped = stepped;
    this.start = setup;
    this.last = steps.length;
    this.cpus = trace.cpus;
    this.spell = spelling(words.filter(word => !word.ghost).map(word => word.location));
    const changes = new Map<number, { steps: number[]; values: string[] }>();
    for (const [i, step] of steps.entries()) {
      for (const { address, to } of step.changes) {
        const known = changes.get(address) ?? { steps: [], values: [] };
        known.steps.push(i);
        known.values.push(to);
        changes.set(address, known);
      }
    }
    this.#histories = words.map(word => ({
      word,
      ...(changes.get(word.address) ?? { steps: [], values: [] }),
    }));
  }

  get violation(): TraceViolation | null {
    return this.stepped.execution.trace.violation;
  }

  /** How the execution ended, in a line: `violation: ...`, `clean`, `diverged at step 6: ...`. */
  get outcome(): string {
    const { diverged, verdict } = this.stepped;
    if (verdict.verdict === 'hang') return 'the next step never ends: the model hangs';
    if (diverged === null) return verdictText(verdict);
    const fault = verdict.verdict === 'error' ? `; ${verdictText(verdict)}` : '';
    return `diverged at step ${diverged.step}: ${diverged.message}${fault}`;
  }

  /** What ran before the CPUs began: `store_tag(mm=0, page=0)`. */
  get setupCalls(): readonly string[] {
    return this.stepped.execution.trace.events.flatMap(event =>
      event.type === 'operation' && event.setup && event.begin ? [event.text] : [],
    );
  }

  moment(position: number): Moment {
    const moment = this.stepped.execution.moments[position];
    if (moment === undefined) throw new RangeError(`there is no position ${position}`);
    return moment;
  }

  /** The step with a number from 0; undefined before the first and after the last. */
  step(i: number): ExecutionStep | undefined {
    return this.stepped.execution.steps[i];
  }

  /** The number of a step as schedules count, `27`; `s3` in the setup. */
  numberOf(i: number): string {
    return i < this.start ? `s${i + 1}` : String(i - this.start + 1);
  }

  /** `step 26 of 46`; `setup step 3 of 12`. */
  label(position: number): string {
    if (position < this.start) return `setup step ${position} of ${this.start}`;
    return `step ${position - this.start} of ${this.last - this.start}`;
  }

  /** The nearest position within the execution. */
  clamp(position: number): number {
    return Math.max(0, Math.min(this.last, position));
  }

  /** The position after a step as schedules count it; 0 is where the CPUs begin. */
  afterStep(number: number): number {
    return this.clamp(Math.max(this.start, this.start + number));
  }

  /** After the next step in which an operation or an interrupt handler begins; -1 if there is none. */
  operation(from: number, direction: Direction): number {
    return this.#after(from, direction, step => step.events.some(begins));
  }

  /** Where another CPU goes on; -1 if there is no such place. */
  switch(from: number, direction: Direction): number {
    for (let p = from + direction; p > 0 && p < this.last; p += direction) {
      const before = this.step(p - 1);
      const after = this.step(p);
      if (after !== undefined && after.cpu !== before?.cpu && after.cpu >= 0) return p;
    }
    return -1;
  }

  /**
   * After the next step that weak memory shows in: a store delayed or committed, a read that is stale or misses a delayed
   * store of another CPU, a stale translation; -1 if there is none.
   */
  weak(from: number, direction: Direction): number {
    return this.#after(from, direction, (step, i) => isWeak(step) || misses(step, this.moment(i)));
  }

  /** Addresses that a CPU uses from a position on. */
  usedBy(cpu: number, position: number): ReadonlySet<number> {
    const used = new Set<number>([this.moment(position).cpus[cpu]?.next?.address ?? 0]);
    for (let i = position; i < this.last; i++) {
      const step = this.step(i);
      if (step?.cpu !== cpu) continue;
      for (const event of step.events) if (event.type === 'access') used.add(event.address);
    }
    return used;
  }

  /** After the next step that uses a location whose name, full or as spelled, contains a text; -1 if there is none. */
  using(text: string, from: number, direction: Direction): number {
    return this.#after(from, direction, step => locationsOf(step).some(one => this.matches(one, text)));
  }

  /** Whether a location's name contains a text. */
  matches(location: string, text: string): boolean {
    const wanted = text.toLowerCase();
    return location.toLowerCase().includes(wanted) || this.spell(location).toLowerCase().includes(wanted);
  }

  /** Names of the locations that the execution used and that contain a text. */
  locations(text: string): readonly string[] {
    return this.stepped.execution.words
      .filter(word => this.matches(word.location, text))
      .map(word => word.location);
  }

  /** Memory at a position: all words that the execution uses, in the order of their addresses. */
  memory(position: number): readonly WordNow[] {
    return this.#histories.map(({ word, steps, values }) => {
      const k = countBelow(steps, position) - 1;
      const since = steps[k] ?? -1;
      const before = values[k - 1] ?? word.initial;
      return {
        address: word.address,
        location: word.location,
        value: values[k] ?? word.initial,
        was: since >= 0 && since === position - 1 ? before : null,
        since,
        ghost: word.ghost,
      };
    });
  }

  #after(from: number, direction: Direction, wanted: (step: ExecutionStep, i: number) => boolean): number {
    for (let p = from + direction; p > 0 && p <= this.last; p += direction) {
      const step = this.step(p - 1);
      if (step !== undefined && wanted(step, p - 1)) return p;
    }
    return -1;
  }
}

function begins(event: TraceEvent): boolean {
  return (event.type === 'operation' || event.type === 'interrupt') && event.begin;
}

/** Whether a store is delayed or committed, a read stale, or a translation from the TLB. */
export function isWeak(step: ExecutionStep): boolean {
  if (step.actor === 'commit') return true;
  return step.events.some(event => {
    if (event.type !== 'access') return false;
    const forced = event.visible.some(one => one.address !== event.address || one.cpu !== event.cpu);
    return event.delayed || event.stale > 0 || event.cached || forced;
  });
}

/** Whether a step is an access to a word that another CPU delays a store to. */
function misses(step: ExecutionStep, before: Moment): boolean {
  return before.delayed.some(
    (stores, cpu) =>
      cpu !== step.cpu &&
      stores.some(one => step.events.some(event => event.type === 'access' && event.address === one.address)),
  );
}

/** The locations that a step reads, writes or makes visible. */
function locationsOf(step: ExecutionStep): readonly string[] {
  const found = step.changes.map(change => change.location);
  for (const event of step.events) {
    if (event.type === 'access') found.push(event.location);
    if (event.type === 'access' || event.type === 'commit')
      for (const one of event.visible) found.push(one.location);
  }
  return found;
}

/** How many of the sorted numbers are smaller than a limit. */
function countBelow(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
