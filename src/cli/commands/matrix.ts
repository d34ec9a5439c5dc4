import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Argv } from 'yargs';
import { UsageError } from '../../engine/errors.ts';
import { loadCatalogue, shippedCorpus } from '../../fuzz/catalogue.ts';
import { reasonOf, writeAtomic } from '../../fuzz/directory/atomic.ts';
import { memoryByName } from '../../fuzz/executor.ts';
import { leave } from '../../fuzz/fence.ts';
import { loadCorpus } from '../../fuzz/matrix/corpus.ts';
import type { Planned } from '../../fuzz/matrix/plan.ts';
import { type MatrixLimits, MatrixRun } from '../../fuzz/matrix/run.ts';
import { type Table, unexpected } from '../../fuzz/matrix/table.ts';
import { WorkerPool } from '../../fuzz/pool.ts';
import { shortHash } from '../../fuzz/signature.ts';
import type { RawFinding } from '../../fuzz/tasks.ts';
import { matrixJson } from '../../report/matrix/json.ts';
import { matrixMarkdown } from '../../report/matrix/markdown.ts';
import { matrixText } from '../../report/matrix/text.ts';
import { headline } from '../../report/report.ts';
import type { Target } from '../../targets/target.ts';
import { caseText } from '../case-text.ts';
import { Exit } from '../exit.ts';
import { checkOperations, jobOf, selectionsOf } from '../jobs.ts';
import { type GlobalOptions, parseCount, parseDuration } from '../options.ts';
import { StatusLine } from '../status-line.ts';

export interface MatrixArguments {
  readonly design: readonly string[];
  readonly execs: string | undefined;
  readonly time: string | undefined;
  readonly seed: string;
  readonly cpus: string | undefined;
  readonly pages: string | undefined;
  readonly mms: string | undefined;
  readonly memory: string | undefined;
  readonly ops: string | undefined;
  readonly format: string;
  readonly json: boolean;
  readonly markdown: boolean;
  readonly cost: string;
  readonly out: string | undefined;
  readonly prove: boolean;
  readonly setup: string;
  readonly preemptions: string;
  readonly reorderings: string;
  readonly proveExecs: string;
}

const formats = ['text', 'json', 'markdown'] as const;
type Format = (typeof formats)[number];

/** Executions of random programs for each design unless --execs or --time says otherwise. */
const EXECUTIONS = '20k';
/** Executions that the minimiser may spend on a violation that --out writes. */
const MINIMIZE_BUDGET = 60_000;
/** Columns of the tables where the output is no terminal. */
const WIDTH = 140;

/** Arguments of `pagestorm matrix`. */
export function matrixOptions<T>(y: Argv<T>) {
  return y
    .positional('design', {
      describe: 'target[/variant[+switch...]]; all targets if none',
      type: 'string',
      array: true,
      default: [] as string[],
    })
    .option('execs', {
      describe: `executions of random programs for each design; ${EXECUTIONS} unless --time is given`,
      type: 'string',
    })
    .option('time', {
      describe: 'time for the random programs of all designs together: 30s, 5m, 8h',
      type: 'string',
    })
    .option('seed', { describe: 'name of the random streams', type: 'string', default: '1' })
    .option('cpus', { describe: 'CPUs of the machine', type: 'string' })
    .option('pages', { describe: 'pages of the machine', type: 'string' })
    .option('mms', { describe: 'address spaces of the machine', type: 'string' })
    .option('memory', { describe: 'memory model: sc, tso, arm64', type: 'string' })
    .option('ops', { describe: 'only these operations, separated by commas', type: 'string' })
    .option('cost', {
      describe: 'executions over which each design is measured; 0 for no costs',
      type: 'string',
      default: '2k',
    })
    .option('prove', {
      describe: 'run every execution of every small program, within the bounds that follow',
      type: 'boolean',
      default: false,
    })
    .option('setup', {
      describe: 'operations before those of the CPUs, at most',
      type: 'string',
      default: '0',
    })
    .option('preemptions', {
      describe: 'times that a CPU is left that could go on',
      type: 'string',
      default: '1',
    })
    .option('reorderings', {
      describe: 'accesses that memory reorders',
      type: 'string',
      default: '1',
    })
    .option('prove-execs', {
      describe: 'executions for each design after which nothing is proved',
      type: 'string',
      default: '1M',
    })
    .option('format', { describe: 'of the tables', choices: formats, default: 'text' as Format })
    .option('json', { describe: 'as --format json', type: 'boolean', default: false })
    .option('markdown', { describe: 'as --format markdown', type: 'boolean', default: false })
    .option('out', {
      describe: 'folder for minimised cases of violations that the corpus lacks',
      type: 'string',
    });
}

/**
 * `pagestorm matrix [target[/variant[+switch...]]...]`: designs by oracles, each cell obtained by running. Exit code 1:
 * a fixed design is violated, or a case of the corpus has another verdict than recorded; 2: the time was too short to run
 * all of them; 3: a model is at fault.
 */
export async function matrixCommand(
  targets: readonly Target[],
  globals: GlobalOptions,
  args: MatrixArguments,
): Promise<number> {
  const format = formatOf(args);
  const planned = plan(targets, args);
  const executions = args.execs ?? (args.time === undefined ? EXECUTIONS : undefined);
  const limits = {
    executions: executions === undefined ? null : parseCount('--execs', executions, 1, 1e12),
    seconds: args.time === undefined ? null : parseDuration('--time', args.time),
    costExecutions: parseCount('--cost', args.cost, 0, 1e9),
    proof: args.prove ? proofOf(args) : null,
  };
  if (args.out !== undefined) openFolder(args.out);
  const chosen = [...new Set(planned.map(({ selection }) => selection.target))];
  const corpus = loadCorpus(shippedCorpus, loadCatalogue(), chosen);
  const pool = new WorkerPool(globals.modules, globals.hangTimeout);
  const status = new StatusLine(format === 'json');
  const run = new MatrixRun(planned, corpus, limits, pool, {
    progress: (text, done, all) => status.count(done, all, 'designs', text),
    found: async (finding, signature) => {
      if (args.out !== undefined) await write(args.out, finding, signature, pool, targets);
    },
  });
  let interrupts = 0;
  const onInterrupt = (): void => {
    if (++interrupts > 1) leave(Exit.Interrupted);
    status.show('interrupted: printing what there is (again to leave at once)');
    run.stop();
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  try {
    const tables = await run.run();
    status.clear();
    console.log(render(tables, format, args.seed));
    return exitCode(tables, interrupts > 0);
  } finally {
    status.clear();
    process.off('SIGINT', onInterrupt);
    process.off('SIGTERM', onInterrupt);
    await pool.close();
  }
}

function formatOf({ format, json, markdown }: MatrixArguments): Format {
  if (json && markdown) throw new UsageError('--json and --markdown exclude each other');
  if (json) return 'json';
  if (markdown) return 'markdown';
  return formats.find(one => one === format) ?? 'text';
}

function proofOf(args: MatrixArguments): NonNullable<MatrixLimits['proof']> {
  return {
    bound: {
      setup: parseCount('--setup', args.setup, 0, 4),
      preemptions: parseCount('--preemptions', args.preemptions, 0, 100),
      reorderings: parseCount('--reorderings', args.reorderings, 0, 100),
    },
    executions: parseCount('--prove-execs', args.proveExecs, 1, 1e12),
  };
}

function plan(targets: readonly Target[], args: MatrixArguments): readonly Planned[] {
  const selections = selectionsOf(args.design, targets);
  const ops = args.ops?.split(',').filter(name => name !== '') ?? [];
  const { cpus, pages, mms, memory } = args;
  const wanted = { cpus, pages, mms, memory, ops };
  const planned = selections.flatMap(selection => {
    const job = jobOf(selection, args.seed, wanted);
    return job === null ? [] : [{ selection, job, memory: memoryByName(job.memory) }];
  });
  checkOperations(
    planned.map(one => one.job),
    selections,
    wanted,
  );
  return planned;
}

/** @throws UsageError if nothing can be written there. */
function openFolder(folder: string): void {
  const probe = join(folder, `.probe-${process.pid}`);
  try {
    if (!existsSync(folder)) mkdirSync(folder);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new UsageError(`--out ${folder}: cannot be written: ${reasonOf(error)}`);
  }
}

/** Writes the minimised case of a violation: `mte-sync-v5.19-tag-loss-1a2b3c4d.yaml`. */
async function write(
  folder: string,
  { case: one, message }: RawFinding,
  signature: string,
  pool: WorkerPool,
  targets: readonly Target[],
): Promise<void> {
  const minimized = await pool.run<'minimize'>({ type: 'minimize', case: one, budget: MINIMIZE_BUDGET });
  const smallest = minimized?.case ?? one;
  const { trace } = await pool.run<'replay'>({ type: 'replay', case: smallest });
  const shown = trace.violation?.message ?? message;
  const design = [one.target, one.variant, ...one.switches].join('-');
  const oracle = signature.split(' | ')[0] ?? signature;
  const file = join(folder, `${design}-${oracle}-${shortHash(signature)}.yaml`.replace(/[^\w./+-]+/g, '_'));
  await writeAtomic(file, caseText(smallest, targets, [headline(smallest, shown)]));
}

function render(tables: readonly Table[], format: Format, seed: string): string {
  if (format === 'json') return matrixJson(tables, seed);
  if (format === 'markdown') return matrixMarkdown(tables);
  return matrixText(tables, process.stdout.columns ?? WIDTH);
}

function exitCode(tables: readonly Table[], interrupted: boolean): number {
  const rows = tables.flatMap(table => table.rows);
  if (rows.some(row => row.modelFaults.length > 0 || (row.proof?.errors.length ?? 0) > 0)) {
    return Exit.Internal;
  }
  if (rows.some(row => unexpected(row).length > 0 || row.changed.length > 0)) return Exit.Finding;
  if (interrupted) return Exit.Interrupted;
  return tables.some(table => table.notRun.length > 0) ? Exit.Usage : Exit.Ok;
}
