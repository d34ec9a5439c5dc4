import { UsageError } from '../engine/errors.ts';
import type { BoundProgram } from '../engine/program.ts';
import { End } from '../engine/program.ts';
import { Answers } from '../engine/strategies/answers.ts';
import { Transcript } from '../engine/strategies/edited.ts';
import { Follow } from '../engine/strategies/follow.ts';
import { NondeterminismError, runTwice } from '../engine/strategies/nondeterminism.ts';
import { Recorder } from '../engine/strategies/record.ts';
import { knownKey, sameVerdict, type Verdict } from './case/case.ts';
import { parseSchedule } from './case/schedule-text.ts';
import { classOf, featureClasses } from './coverage/classes.ts';
import type { Coverage } from './coverage/coverage.ts';
import type { OperationPairs } from './coverage/operation-pairs.ts';
import type { CoverageSession } from './coverage/session.ts';
import type { Executor } from './executor.ts';
import type { ProgramGenerator } from './generate.ts';
import type { Heartbeat } from './heartbeat.ts';
import { nondeterministic } from './replay.ts';
import { ClassCounter } from './search/execution-classes.ts';
import { Portfolio } from './search/portfolio.ts';
import { numbersOf, type Planned, plannedProgram, programOf } from './search/programs.ts';
import { Tally } from './search/tally.ts';
import type { BatchResult, Discovery, FuzzTask, RawFinding, Seed } from './tasks.ts';
import { thrownText } from './thrown.ts';

/**
 * Executions of one program. Few: most programs cannot show a given bug, and of those that can, many do soon (with 200 a
 * search took 3 to 10 times as many executions). Fewer still would cost more than they bring: a program costs as much as
 * two executions to draw and to check.
 */
const EXECUTIONS = 16;
/** One program in so many has its first execution run twice, which must be bit-identical: see `runTwice`. */
const TWICE = 4;
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
  readonly #seen = new Map<string, number>();
  readonly #tally = new Tally();
  readonly #classes = new ClassCounter();
  readonly #discoveries: Discovery[] = [];
  readonly #coverage: Coverage;
  readonly #pairs: OperationPairs;
  readonly #mapChanges: () => Int32Array | null;
  /** What the entries of the plan asked and were answered, once that was needed. */
  readonly #transcripts = new Map<Seed, Transcript | null>();
  #executions = 0;
  #violations = 0;
  #cutOff = 0;
  readonly #observed = new Map<string, number>();
  #accesses = 0;

  constructor(
    executor: Executor,
    generator: ProgramGenerator,
    heartbeat: Heartbeat,
    session: CoverageSession,
    task: FuzzTask,
  ) {
    this.#executor = executor;
    this.#generator = generator;
    this.#heartbeat = heartbeat;
    this.#task = task;
    this.#known = new Set(task.known);
    const { coverage, changes } = session.begin(task.coverage, task.deterministic);
    this.#coverage = coverage;
    this.#pairs = session.pairs;
    this.#mapChanges = changes;
  }

  run(): BatchResult {
    const { job, plan } = this.#task;
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
      observed: Object.fromEntries(this.#observed),
      accesses: this.#accesses,
      findings: this.#findings,
      seen: [...this.#seen],
      discoveries: this.#discoveries,
      shares: this.#tally.shares(),
      classes: this.#classes.counts(),
      pairs: this.#pairs.take(),
      mapChanges: this.#mapChanges(),
    };
  }

  #over(): boolean {
    if (this.#executions >= this.#task.executions) return true;
    return this.#task.untilCrash && this.#findings.length > 0;
  }

  #transcriptOf({ parent, same }: Planned): Transcript | null {
    if (parent === null || !same) return null;
    let transcript = this.#transcripts.get(parent);
    if (transcript === undefined) {
      transcript = this.#transcribe(parent);
      this.#transcripts.set(parent, transcript);
    }
    return transcript;
  }

  /** Runs an entry once more to learn what each of its decisions is about. */
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
    const portfolio = new Portfolio(planned.stream, this.#transcriptOf(planned), this.#task.shares);
    this.#classes.nextProgram();
    let executions = EXECUTIONS;
    for (let i = 0; i < executions; i++) {
      if (this.#over() || !this.#heartbeat.beat()) return false;
      this.#executions++;
      const { strategy, source } = portfolio.next();
      const recorder = new Recorder(
        this.#heartbeat.noting(source),
        this.#heartbeat.answers,
        this.#heartbeat.answerCount,
      );
      let end: number;
      try {
        end = this.#execute(bound, recorder, i === 0, index);
      } catch (error) {
        this.#threw(error, strategy, index, planned, recorder);
        return true;
      }
      this.#accesses += machine.steps;
      this.#heartbeat.accesses = this.#accesses;
      if (machine.observations.length > 0) this.#noteObservations();
      if (i === 0) {
        executions = Math.min(EXECUTIONS, 1 + PER_QUESTION * this.#heartbeat.answerCount[0]);
        portfolio.profile = this.#coverage.log.profile();
      }
      // An execution that ends early shows little; one that is found again and again would fill the queue.
      const cells = end === End.Done ? this.#look() : [];
      this.#tally.add(strategy, planned.how);
      if (cells.length > 0) this.#discovered(cells, strategy, index, planned, recorder);
      if (end === End.Violation) this.#violated(end, strategy, index, planned, recorder);
      else if (end === End.Long) this.#cutOff++;
    }
    return true;
  }

  /** Strategies want to know the accesses of the first execution, whether or not anybody looks at coverage. */
  #execute(bound: BoundProgram, recorder: Recorder, first: boolean, index: number): number {
    const { machine } = this.#executor;
    const { log } = this.#coverage;
    this.#coverage.begin();
    if (first && index % TWICE === 0) return runTwice(machine, bound, recorder, log);
    if (!first && this.#task.coverage === null) return machine.run(bound, recorder);
    machine.observer = log;
    try {
      return machine.run(bound, recorder);
    } finally {
      machine.observer = null;
    }
  }

  /** Counts executions by kind of what was observed in them. */
  #noteObservations(): void {
    const kinds = new Set(this.#executor.machine.observations.map(({ kind }) => kind));
    for (const kind of kinds) this.#observed.set(kind, (this.#observed.get(kind) ?? 0) + 1);
  }

  #look(): readonly number[] {
    if (this.#task.coverage === null) return [];
    const cells = this.#coverage.look();
    const { sampled } = this.#coverage;
    if (sampled || cells.length > 0) this.#pairs.look(this.#coverage.log, sampled);
    this.#classes.add(this.#coverage.order);
    return cells;
  }

  #discovered(
    cells: readonly number[],
    strategy: string,
    index: number,
    { program, how, parent }: Planned,
    recorder: Recorder,
  ): void {
    const answers = recorder.answers();
    const accesses = this.#executor.machine.steps;
    const { schedule, verdict } = this.#executor.describe(program, answers);
    const classes = new Set(cells.map(cell => featureClasses[classOf(cell)]?.name ?? ''));
    this.#discoveries.push({
      case: this.#executor.toCase(program, schedule, verdict),
      answers,
      program: index,
      provenance: `${how} ${strategy}`,
      parent: parent?.id ?? null,
      features: cells,
      classes: [...classes],
      accesses,
      executions: this.#executions,
    });
  }

  #violated(end: number, strategy: string, index: number, planned: Planned, recorder: Recorder): void {
    this.#violations++;
    const verdict = this.#executor.verdictOf(end);
    if (verdict.verdict !== 'violation') return;
    this.#seen.set(verdict.signature, 1 + (this.#seen.get(verdict.signature) ?? 0));
    if (this.#known.has(verdict.signature)) return;
    const message = this.#executor.machine.violation?.message ?? '';
    this.#add(verdict, message, strategy, index, planned, recorder);
  }

  #threw(error: unknown, strategy: string, index: number, planned: Planned, recorder: Recorder): void {
    if (error instanceof UsageError) throw error;
    const { program } = planned;
    const message = thrownText(error);
    if (error instanceof NondeterminismError) {
      const verdict = nondeterministic;
      if (!this.#isNew(verdict)) return;
      const { schedule } = this.#executor.describe(program, recorder.answers());
      const found = this.#executor.toCase(program, schedule, verdict);
      const executions = this.#executions;
      const provenance = `${planned.how} ${strategy}`;
      this.#findings.push({
        case: found,
        message,
        program: index,
        provenance,
        executions,
        nondeterministic: true,
      });
      return;
    }
    const { verdict } = this.#executor.describe(program, recorder.answers());
    if (verdict.verdict === 'error') this.#add(verdict, verdict.message, strategy, index, planned, recorder);
    else this.#add({ verdict: 'error', message }, message, strategy, index, planned, recorder);
  }

  #isNew(verdict: Verdict): boolean {
    const key = knownKey(verdict);
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    return true;
  }

  #add(
    verdict: Verdict,
    message: string,
    strategy: string,
    index: number,
    { program, how }: Planned,
    recorder: Recorder,
  ): void {
    if (!this.#isNew(verdict)) return;
    const described = this.#executor.describe(program, recorder.answers());
    const same = sameVerdict(described.verdict, verdict);
    // An error that is another one each time would be a finding each time.
    const shown = same || verdict.verdict === 'violation' ? verdict : nondeterministic;
    if (shown !== verdict && !this.#isNew(shown)) return;
    this.#findings.push({
      case: this.#executor.toCase(program, described.schedule, shown),
      message: same
        ? message
        : `${message} (run again with the same decisions: ${described.verdict.verdict})`,
      program: index,
      provenance: `${how} ${strategy}`,
      executions: this.#executions,
      nondeterministic: !same,
    });
  }
}
