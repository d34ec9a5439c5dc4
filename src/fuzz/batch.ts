import { UsageError } from '../engine/errors.ts';
import type { BoundProgram } from '../engine/program.ts';
import { End } from '../engine/program.ts';
import { NondeterminismError, runTwice } from '../engine/strategies/nondeterminism.ts';
import { RandomWalk } from '../engine/strategies/random.ts';
import { Recorder } from '../engine/strategies/record.ts';
import { sameVerdict, type Verdict } from './case/case.ts';
import type { Executor } from './executor.ts';
import type { ProgramGenerator } from './generate.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Program } from './program.ts';
import { nondeterministic } from './replay.ts';
import { Stream } from './stream.ts';
import type { BatchResult, FuzzTask, Job, RawFinding } from './tasks.ts';

/** Executions of one program: drawing it costs as much as a few of them. */
const EXECUTIONS = 200;
/** Programs that ask few questions have few schedules: this many executions for each question, at least. */
const PER_QUESTION = 6;

/**
 * Name of the stream from which the program with a number is drawn; its schedules come from `<name>/schedule`.
 * So a program depends on nothing but seed, design, memory model, size and its number.
 */
function streamName(job: Job, program: number): string {
  const { cpus, pages, mms } = job.size;
  return `${job.seed}/${job.design}/${job.memory}/${cpus}.${pages}.${mms}/${program}`;
}

/** Draws the program with a number again. */
export function drawProgram(generator: ProgramGenerator, job: Job, program: number): Program {
  return generator.draw(new Stream(streamName(job, program)));
}

/** Runs programs one after the other, each under many schedules, until the task or the main thread ends it. */
export class Batch {
  readonly #executor: Executor;
  readonly #generator: ProgramGenerator;
  readonly #heartbeat: Heartbeat;
  readonly #task: FuzzTask;
  readonly #known: Set<string>;
  readonly #findings: RawFinding[] = [];
  #executions = 0;
  #violations = 0;
  #cutOff = 0;
  #accesses = 0;

  constructor(executor: Executor, generator: ProgramGenerator, heartbeat: Heartbeat, task: FuzzTask) {
    this.#executor = executor;
    this.#generator = generator;
    this.#heartbeat = heartbeat;
    this.#task = task;
    this.#known = new Set(task.known);
  }

  run(): BatchResult {
    const { from, programs, job } = this.#task;
    let next = from;
    while (next < from + programs && !this.#over()) {
      this.#heartbeat.program = next;
      if (!this.#heartbeat.beat()) break;
      const program = drawProgram(this.#generator, job, next);
      if (!this.#runProgram(next, program)) break;
      next++;
    }
    this.#heartbeat.program = -1;
    return {
      next,
      executions: this.#executions,
      violations: this.#violations,
      cutOff: this.#cutOff,
      accesses: this.#accesses,
      findings: this.#findings,
    };
  }

  #over(): boolean {
    if (this.#executions >= this.#task.executions) return true;
    return this.#task.untilCrash && this.#findings.length > 0;
  }

  /** Returns false if the batch is to end. */
  #runProgram(index: number, program: Program): boolean {
    const { machine } = this.#executor;
    const { job } = this.#task;
    const bound = this.#executor.bind(program);
    const walk = new RandomWalk(`${streamName(job, index)}/schedule`);
    const recorder = new Recorder(walk, this.#heartbeat.answers, this.#heartbeat.answerCount);
    let executions = EXECUTIONS;
    for (let i = 0; i < executions; i++) {
      if (this.#over() || !this.#heartbeat.beat()) return false;
      this.#executions++;
      let end: number;
      try {
        end = i === 0 ? this.#firstRun(bound, recorder) : machine.run(bound, recorder);
      } catch (error) {
        this.#threw(error, index, program, recorder);
        return true;
      }
      this.#accesses += machine.steps;
      if (i === 0) executions = Math.min(EXECUTIONS, 1 + PER_QUESTION * this.#heartbeat.answerCount[0]);
      if (end === End.Violation) this.#violated(end, index, program, recorder);
      else if (end === End.Long) this.#cutOff++;
    }
    return true;
  }

  /** The first execution of each program is run twice and must be bit-identical. */
  #firstRun(bound: BoundProgram, recorder: Recorder): number {
    return runTwice(this.#executor.machine, bound, recorder);
  }

  #violated(end: number, index: number, program: Program, recorder: Recorder): void {
    this.#violations++;
    const verdict = this.#executor.verdictOf(end);
    if (verdict.verdict !== 'violation' || this.#known.has(verdict.signature)) return;
    const message = this.#executor.machine.violation?.message ?? '';
    this.#add(verdict, message, index, program, recorder);
  }

  #threw(error: unknown, index: number, program: Program, recorder: Recorder): void {
    if (error instanceof UsageError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof NondeterminismError) {
      const verdict = nondeterministic;
      if (!this.#isNew(verdict)) return;
      const { schedule } = this.#executor.describe(program, recorder.answers());
      const found = this.#executor.toCase(program, schedule, verdict);
      this.#findings.push({ case: found, message, program: index, nondeterministic: true });
      return;
    }
    const { verdict } = this.#executor.describe(program, recorder.answers());
    if (verdict.verdict === 'error') this.#add(verdict, verdict.message, index, program, recorder);
    else this.#add({ verdict: 'error', message }, message, index, program, recorder);
  }

  #isNew(verdict: Verdict): boolean {
    const key = knownKey(verdict);
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    return true;
  }

  #add(verdict: Verdict, message: string, index: number, program: Program, recorder: Recorder): void {
    if (!this.#isNew(verdict)) return;
    const described = this.#executor.describe(program, recorder.answers());
    const same = sameVerdict(described.verdict, verdict);
    this.#findings.push({
      case: this.#executor.toCase(program, described.schedule, verdict),
      message: same
        ? message
        : `${message} (run again with the same decisions: ${described.verdict.verdict})`,
      program: index,
      nondeterministic: !same,
    });
  }
}

/** What findings are told apart by: the signature, or the text of an error. */
export function knownKey(verdict: Verdict): string {
  if (verdict.verdict === 'violation') return verdict.signature;
  return verdict.verdict === 'error' ? `error | ${verdict.message}` : verdict.verdict;
}
