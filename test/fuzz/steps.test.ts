import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Kind } from '../../src/engine/access.ts';
import { memoryNames } from '../../src/engine/memory/index.ts';
import { Describer } from '../../src/engine/strategies/describe.ts';
import { RandomWalk } from '../../src/engine/strategies/random.ts';
import { type Case, sameVerdict } from '../../src/fuzz/case/case.ts';
import { shippedCorpus } from '../../src/fuzz/catalogue.ts';
import { showWord } from '../../src/fuzz/steps/moment.ts';
import { stepCase } from '../../src/fuzz/steps/step-case.ts';
import type { ExecutionSteps, Stepped } from '../../src/fuzz/steps/steps.ts';
import type { TraceEvent } from '../../src/fuzz/trace.ts';
import { StepModel } from '../../src/report/steps/step-model.ts';
import { firstState, press } from '../../src/tui/stepper/state.ts';
import { executorOf, shippedCase } from '../tui/stepper/crossing.ts';

const files = readdirSync(shippedCorpus, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.yaml'))
  .sort();

/** What does not hold of an execution taken in steps, and should. */
function faults({ case: one, execution }: Stepped): readonly string[] {
  const { steps, moments, trace } = execution;
  const found: string[] = [];
  if (moments.length !== steps.length + 1) found.push(`${moments.length} moments of ${steps.length} steps`);
  const told = steps.flatMap(step => step.events).filter(isExecuted);
  const traced = trace.events.filter(isExecuted);
  if (told.length !== traced.length || told.some((event, i) => event !== traced[i])) found.push('accesses');
  for (const [i, step] of steps.entries()) {
    const access = step.events.find(event => event.type === 'access');
    const cpu = moments[i]?.cpus[step.cpu];
    if (access?.type !== 'access' || cpu === undefined) continue;
    const { kind, address, place } = access;
    const writes = kind === Kind.Store || kind === Kind.PlainStore;
    const told = new Set([address, ...access.visible.map(one => one.address)]);
    const other = step.changes.find(change => !change.ghost && !told.has(change.address));
    if (writes && other !== undefined)
      found.push(`step ${i} stores to ${access.location} and changes ${other.location}`);
    const { next, state, mayRead } = cpu;
    const foretold =
      state === 'ready' && next?.kind === kind && next.address === address && next.place.line === place.line;
    if (!foretold) found.push(`step ${i} is another access than was said to come next`);
    const load = kind === Kind.Load || kind === Kind.PlainLoad || kind === Kind.Wait;
    if (load && access.stale > 0 && !mayRead.includes(access.shown.result))
      found.push(`step ${i} reads ${access.shown.result}, of ${mayRead.join(', ')}`);
  }
  const { machine } = executorOf(one);
  const model = modelOf(one, execution);
  for (const { location, address, value } of model.memory(model.last)) {
    if (value !== showWord(machine.layout, address, machine.words[address] ?? 0))
      found.push(`${location} is not ${value} at the end`);
  }
  return found;
}

function isExecuted(event: TraceEvent): boolean {
  return event.type === 'access' && event.executed;
}

function modelOf(one: Case, execution: ExecutionSteps): StepModel {
  return new StepModel({
    case: one,
    execution,
    verdict: one.expect,
    accesses: 0,
    observations: [],
    diverged: null,
  });
}

/** A case of each target. */
const designs = [
  'guest-memfd/A3-1.yaml',
  'mte-sync/H2.yaml',
  'stage2-memtype/B3-4.yaml',
  'tag-migration/M1.yaml',
  'tag-storage/M1-swapped-lines.yaml',
];

describe('an execution in steps', () => {
  it('of each case of the corpus goes forwards to its end and backwards to its start, with the verdict of its replay', () => {
    for (const file of files) {
      const one = shippedCase(file);
      const stepped = stepCase(executorOf(one), one, null);
      const right = sameVerdict(stepped.verdict, one.expect) && stepped.diverged === null;
      expect([file, right, faults(stepped)]).toEqual([file, true, []]);
      const model = new StepModel(stepped);
      let state = firstState(model);
      for (let i = model.start; i < model.last; i++) state = press(model, state, 'right');
      expect([file, state.position, press(model, state, 'right').message]).toEqual([
        file,
        model.last,
        `this is the end: ${model.outcome}`,
      ]);
      for (let i = 0; i < model.last; i++) state = press(model, state, 'left');
      expect([state.position, press(model, state, 'left').message]).toEqual([0, 'this is the beginning']);
    }
  });

  it('is told rightly under every memory model, with three CPUs, whatever the schedule', () => {
    let older = 0;
    for (const file of designs) {
      for (const memory of memoryNames) {
        const { program, size, ...rest } = shippedCase(file);
        const cpus = [...program.cpus, program.cpus[0] ?? []];
        const case3: Case = {
          ...rest,
          memory,
          size: { ...size, cpus: cpus.length },
          program: { ...program, cpus },
        };
        const executor = executorOf(case3);
        for (let run = 0; run < (memory === 'lkmm' ? 1 : 2); run++) {
          const describer = new Describer(new RandomWalk(`${file} ${run}`));
          const verdict = executor.judge(case3.program, describer);
          const one = executor.toCase(case3.program, describer.schedule(), verdict);
          const stepped = stepCase(executor, one, null);
          expect([file, memory, sameVerdict(stepped.verdict, verdict), faults(stepped)]).toEqual([
            file,
            memory,
            true,
            [],
          ]);
          older += stepped.execution.moments.filter(moment =>
            moment.older.some(list => list.length > 0),
          ).length;
        }
      }
    }
    expect(older).toBeGreaterThan(0);
  });
});
