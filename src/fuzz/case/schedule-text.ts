import { Choice } from '../../engine/access.ts';
import { UsageError } from '../../engine/errors.ts';
import type { Layout } from '../../engine/layout.ts';
import type { ActorKind, Pick, Schedule, Step } from '../../engine/schedule.ts';

/** How the answers other than actors are spelled; those with one calm and one other answer need no number. */
const pickWords: readonly (readonly [kind: number, word: string, numbered: boolean])[] = [
  [Choice.Delay, 'delay', false],
  [Choice.Stale, 'stale', true],
  [Choice.Fail, 'fail', false],
  [Choice.Tlb, 'tlb', false],
  [Choice.Model, 'choose', true],
];

/**
 * A schedule as text: runs of accesses for each CPU (`cpu0*7 cpu1*3`), commits of delayed stores
 * (`commit(cpu0,pages[0].tags[0])`), interrupts (`irq(cpu1)`), RCU at work for
 * the callbacks of a CPU (`rcu(cpu1)`: a grace period starts, or the oldest callback runs), and after the step in which they happened the other
 * answers: `delay`, `stale(1)`, `fail`, `tlb`, `choose(2)`. Calm answers are left out, or written with a 0 where
 * a later one of the same step needs its place kept.
 */
export function formatSchedule(schedule: Schedule, layout: Layout): string {
  const words: string[] = schedule.before.map(pickWord);
  let run = 0;
  const { steps } = schedule;
  for (const [i, step] of steps.entries()) {
    if (step.actor === 'cpu') {
      run++;
      const next = steps[i + 1];
      if (step.picks.length === 0 && next?.actor === 'cpu' && next.cpu === step.cpu) continue;
      words.push(run === 1 ? `cpu${step.cpu}` : `cpu${step.cpu}*${run}`);
      run = 0;
    } else if (step.actor === 'commit') words.push(`commit(cpu${step.cpu},${layout.nameOf(step.address)})`);
    else words.push(`${step.actor}(cpu${step.cpu})`);
    words.push(...step.picks.map(pickWord));
  }
  return words.join(' ');
}

function pickWord({ kind, value }: Pick): string {
  const [, word, numbered] = pickWords.find(([k]) => k === kind) ?? [kind, 'choose', true];
  return numbered || value === 0 ? `${word}(${value})` : word;
}

/** More steps than any execution has: a run beyond it is a slip of the pen. */
const MAX_RUN = 1_000_000;

/**
 * Reads what `formatSchedule` writes. `find` gives the address of a location's name, or -1.
 *
 * @throws UsageError naming the word that cannot be read.
 */
export function parseSchedule(text: string, find: (location: string) => number): Schedule {
  const before: Pick[] = [];
  const steps: Step[] = [];
  let picks = before;
  const push = (actor: ActorKind, cpu: number, address: number): void => {
    picks = [];
    steps.push({ actor, cpu, address, picks });
  };
  for (const word of text.split(/\s+/).filter(part => part !== '')) {
    const run = /^cpu(\d+)(?:\*(\d+))?$/.exec(word);
    const commit = /^commit\(cpu(\d+),(.+)\)$/.exec(word);
    const arrival = /^(irq|rcu)\(cpu(\d+)\)$/.exec(word);
    const pick = /^([a-z]+)(?:\((\d+)\))?$/.exec(word);
    if (run !== null) {
      const times = Number(run[2] ?? 1);
      if (times < 1 || times + steps.length > MAX_RUN)
        throw new UsageError(`schedule: "${word}" repeats ${times} times`);
      for (let i = 0; i < times; i++) push('cpu', Number(run[1]), 0);
    } else if (commit !== null) {
      const location = commit[2] ?? '';
      const address = find(location);
      if (address < 0) throw new UsageError(`schedule: "${word}": the model has no location ${location}`);
      push('commit', Number(commit[1]), address);
    } else if (arrival !== null) push(arrival[1] === 'rcu' ? 'rcu' : 'irq', Number(arrival[2]), 0);
    else {
      const known = pickWords.find(([, name]) => name === pick?.[1]);
      if (pick === null || known === undefined) {
        throw new UsageError(
          `schedule: cannot read "${word}"; expected cpuN*M, commit(cpuN,location), irq(cpuN), rcu(cpuN) or an answer`,
        );
      }
      picks.push({ kind: known[0], value: Number(pick[2] ?? 1) });
    }
  }
  return { before, steps };
}
