import { Choice, choiceNames } from '../access.ts';
import type { DecisionSource } from '../decisions.ts';
import { DivergenceError, EngineError } from '../errors.ts';
import { waitingText } from '../machine/queued-callback.ts';
import type { Machine } from '../machine.ts';
import type { Pick, Schedule, Step } from '../schedule.ts';

/**
 * Follows a schedule to the letter and says at which step, and why, the model can no longer do so. After the last
 * step every answer is calm.
 */
export class Replay implements DecisionSource {
  readonly everyStep = true;
  readonly #schedule: Schedule;
  #machine: Machine | null = null;
  /** Steps begun; the one that runs is `#at - 1`. */
  #at = 0;
  #pick = 0;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  begin(machine: Machine): void {
    this.#machine = machine;
    this.#at = 0;
    this.#pick = 0;
  }

  choose(kind: number, n: number): number {
    if (kind === Choice.Actor) return this.#actor(n);
    const pick = this.#picks()[this.#pick];
    if (pick === undefined || pick.kind !== kind) return 0;
    this.#pick++;
    if (pick.value < n) return pick.value;
    throw new DivergenceError(
      this.#at,
      `${pickName(pick)} is out of range: there are ${n} answers here, 0 to ${n - 1}`,
    );
  }

  /** Steps of the schedule that the execution ended without. */
  get left(): number {
    return this.#schedule.steps.length - this.#at;
  }

  /** To be called after the execution: throws if an answer of the last step was never asked for. */
  finish(): void {
    this.#checkPicks();
  }

  #picks(): readonly Pick[] {
    return this.#at === 0 ? this.#schedule.before : (this.#schedule.steps[this.#at - 1]?.picks ?? []);
  }

  #checkPicks(): void {
    const pick = this.#picks()[this.#pick];
    if (pick === undefined) return;
    const step = this.#schedule.steps[this.#at - 1];
    const where = step === undefined ? 'before the first step' : `in this step of cpu${step.cpu}`;
    throw new DivergenceError(this.#at, `"${pickName(pick)}" was never asked for ${where}`);
  }

  #actor(n: number): number {
    const machine = this.#machine;
    if (machine === null) throw new EngineError('a decision was asked before the execution began');
    this.#checkPicks();
    const step = this.#schedule.steps[this.#at];
    this.#at++;
    this.#pick = 0;
    if (step === undefined) return 0;
    const k = findActor(machine, step, n);
    if (k >= 0) return k;
    throw new DivergenceError(this.#at, whyNot(machine, step));
  }
}

/** The place of a step's actor among those that may go next, or -1. */
export function findActor(machine: Machine, step: Step, n: number): number {
  for (let k = 0; k < n; k++) {
    const [actor, index] = machine.actorAt(k);
    if (actor !== step.actor) continue;
    if (actor !== 'commit') {
      if (index === step.cpu) return k;
      continue;
    }
    const [cpu, address] = machine.memory.committable(index);
    if (cpu === step.cpu && address === step.address) return k;
  }
  return -1;
}

function whyNot(machine: Machine, step: Step): string {
  const cpu = machine.cpus[step.cpu];
  if (cpu === undefined) return `there is no cpu${step.cpu}: the machine has ${machine.cpus.length} CPUs`;
  if (step.actor === 'cpu') {
    if (machine.isDone(step.cpu)) return `cpu${step.cpu} cannot run: it has finished its operations`;
    return `cpu${step.cpu} cannot run: in ${machine.operationName(cpu)} it waits for ${machine.waitsFor(cpu)}`;
  }
  if (step.actor === 'commit') {
    const name = machine.layout.nameOf(step.address);
    const delayed = machine.memory.delayed(step.cpu).some(([address]) => address === step.address);
    return delayed
      ? `the store of cpu${step.cpu} to ${name} cannot be committed before an older one`
      : `no store of cpu${step.cpu} to ${name} is delayed`;
  }
  if (step.actor === 'rcu') {
    const own = machine.callbacksWait().filter(({ cpu }) => cpu === step.cpu);
    return own.length > 0
      ? `RCU can do nothing for cpu${step.cpu}: ${own.map(waitingText).join('; ')}`
      : `no RCU callback is queued on cpu${step.cpu}`;
  }
  const left = (machine.program?.interrupts[step.cpu]?.length ?? 0) > 0;
  return left
    ? `no interrupt can arrive on cpu${step.cpu}: all of its interrupts have arrived, or they are off`
    : `no interrupt is declared for cpu${step.cpu}`;
}

function pickName(pick: Pick): string {
  return `${choiceNames[pick.kind] ?? 'answer'}(${pick.value})`;
}
