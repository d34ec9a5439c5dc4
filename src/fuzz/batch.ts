import { UsageError } from '../engine/errors.ts';
import type { BoundProgram } from '../engine/program.ts';
import { End } from '../engine/program.ts';
import { Answers } from '../engine/strategies/answers.ts';
import { Transcript } from '../engine/strategies/edited.ts';
import { Follow } from '../engine/strategies/follow.ts';
import { NondeterminismError, runTwice } from '../engine/strategies/nondeterminism.ts';
import { Recorder } from '../engine/strategies/record.ts';
import { sameVerdict, type Verdict } from './case/case.ts';
import { parseSchedule } from './case/schedule-text.ts';
import { AccessLog } from './coverage/access-log.ts';
import type { Executor } from './executor.ts';
import type { ProgramGenerator } from './generate.ts';
import type { Heartbeat } from './heartbeat.ts';
import { nondeterministic } from './replay.ts';
import { Portfolio, type Proposal } from './search/portfolio.ts';
import { numbersOf, type Planned, plannedProgram, programOf } from './search/programs.ts';
import { Tally } from './search/tally.ts';
import type { BatchResult, FuzzTask, RawFinding, Seed } from './tasks.ts';

/** Executions of one program: drawing it costs as much as a few of them. */
const EXECUTIONS = 200;
/** Programs that ask few questions have few schedules: this many executions for each question, at least. */
const PER_QUESTION = 6;

/** Runs programs one after the other, each under many schedules, until the task or the main thread ends it. */
export class Batch {
  readonly #executor: Executor;
  readonly #generator: ProgramGenerator;
  readonly #heartbeat: Heartbeat;
  readonly #task: FuzzTask;
  readonly #known: Set<string>;
  readonly #findings: RawFinding[] = [];
  readonly #tally = new Tally();
  readonly #log: AccessLog;
  /** What the entry of the plan asked and was answered; null for fresh programs. */
  #transcript: Transcript | null = null;
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
    this.#log = new AccessLog(executor.machine);
  }

  run(): BatchResult {
    const { job, plan } = this.#task;
    if (plan.kind === 'mutate') this.#transcript = this.#transcribe(plan.entry);
    const [from, to] = numbersOf(plan);
    let next = from;
    while (next < to && !this.#over()) {
      this.#heartbeat.program = next;
      if (!this.#heartbeat.beat()) break;
      if (!this.#runProgram(next, plannedProgram(this.#generator, job, plan, next))) break;
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
      discoveries: [],
      yields: this.#tally.yields(),
      classes: { executions: 0, distinct: 0, once: 0 },
      mapChanges: null,
    };
  }

  #over(): boolean {
    if (this.#executions >= this.#task.executions) return true;
    return this.#task.untilCrash && this.#findings.length > 0;
  }

  /** Runs the entry once more to learn what each of its decisions is about. */
  #transcribe(entry: Seed): Transcript | null {
    const { machine } = this.#executor;
    const source =
      'case' in entry
        ? new Follow(parseSchedule(entry.case.schedule, name => machine.layout.find(name)))
        : new Answers(entry.answers);
    const transcript = new Transcript(source);
    try {
      machine.run(this.#executor.bind(programOf(entry)), transcript);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      return null;
    }
    return transcript;
  }

  /** Returns false if the batch is to end. */
  #runProgram(index: number, planned: Planned): boolean {
    const { machine } = this.#executor;
    const bound = this.#executor.bind(planned.program);
    const portfolio = new Portfolio(planned.stream, planned.same ? this.#transcript : null);
    let executions = EXECUTIONS;
    for (let i = 0; i < executions; i++) {
      if (this.#over() || !this.#heartbeat.beat()) return false;
      this.#executions++;
      const proposal = portfolio.next();
      const recorder = this.#record(proposal);
      let end: number;
      try {
        end = i === 0 ? this.#firstRun(bound, recorder) : machine.run(bound, recorder);
      } catch (error) {
        this.#threw(error, index, planned, recorder);
        return true;
      }
      this.#accesses += machine.steps;
      if (i === 0) {
        executions = Math.min(EXECUTIONS, 1 + PER_QUESTION * this.#heartbeat.answerCount[0]);
        portfolio.profile = this.#log.profile();
      }
      this.#tally.add(proposal.strategy, 0);
      if (end === End.Violation) this.#violated(end, index, planned, recorder);
      else if (end === End.Long) this.#cutOff++;
    }
    return true;
  }

  #record({ source }: Proposal): Recorder {
    return new Recorder(source, this.#heartbeat.answers, this.#heartbeat.answerCount);
  }

  /** The first execution of each program is run twice and must be bit-identical; the second time it is looked at. */
  #firstRun(bound: BoundProgram, recorder: Recorder): number {
    const { machine } = this.#executor;
    this.#log.begin();
    try {
      return runTwice(machine, bound, recorder, this.#log);
    } finally {
      machine.observer = null;
    }
  }

  #violated(end: number, index: number, planned: Planned, recorder: Recorder): void {
    this.#violations++;
    const verdict = this.#executor.verdictOf(end);
    if (verdict.verdict !== 'violation' || this.#known.has(verdict.signature)) return;
    const message = this.#executor.machine.violation?.message ?? '';
    this.#add(verdict, message, index, planned, recorder);
  }

  #threw(error: unknown, index: number, planned: Planned, recorder: Recorder): void {
    if (error instanceof UsageError) throw error;
    const { program } = planned;
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
    if (verdict.verdict === 'error') this.#add(verdict, verdict.message, index, planned, recorder);
    else this.#add({ verdict: 'error', message }, message, index, planned, recorder);
  }

  #isNew(verdict: Verdict): boolean {
    const key = knownKey(verdict);
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    return true;
  }

  #add(verdict: Verdict, message: string, index: number, { program }: Planned, recorder: Recorder): void {
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
