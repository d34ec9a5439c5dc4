import yargs from 'yargs';
import { UsageError } from '../engine/errors.ts';
import { leave } from '../fuzz/fence.ts';
import { loadTargets } from '../fuzz/registry.ts';
import { unended } from '../fuzz/threads.ts';
import { oneLine, thrownText } from '../fuzz/thrown.ts';
import type { Target } from '../targets/target.ts';
import { cminCommand } from './commands/cmin.ts';
import { fuzzCommand } from './commands/fuzz.ts';
import { matrixCommand, matrixOptions } from './commands/matrix.ts';
import { minimizeCommand } from './commands/minimize.ts';
import { replayCommand } from './commands/replay.ts';
import { reportCommand, reportOptions } from './commands/report.ts';
import { selfcheckCommand } from './commands/selfcheck.ts';
import { targetsCommand } from './commands/targets.ts';
import { viewCommand } from './commands/view.ts';
import { whatsupCommand } from './commands/whatsup.ts';
import { Exit } from './exit.ts';
import { fuzzArguments, fuzzOptions } from './fuzz-arguments.ts';
import { litmusOptions } from './litmus-arguments.ts';
import { checkGiven, type GlobalOptions, parseCount, parseDuration, workersOf } from './options.ts';

interface GlobalArguments {
  readonly targetModule: readonly string[];
  readonly hangTimeout: string;
  readonly debug: boolean;
}

/** Runs the command line; sets the exit code of the process. */
export async function main(args: readonly string[]): Promise<void> {
  // A reader that has seen enough (`pagestorm ... | head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    leave(error.code === 'EPIPE' ? 0 : Exit.Internal),
  );
  const debug = args.includes('--debug');
  // From a timer, or a promise that nobody awaits: Node's own exit code for it is that of a finding.
  process.on('uncaughtException', error => leave(fail(error, debug)));
  try {
    process.exitCode = await parse(args);
  } catch (error) {
    process.exitCode = fail(error, debug);
  }
  if (unended.size > 0)
    console.error(
      'pagestorm: a model holds up its worker outside of JavaScript, so that it cannot be ended; this process is killed',
    );
  // What a module has begun, such as a timer, must not keep the command; a campaign that goes on brings its modules.
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>(resolve => stream.write('', () => resolve()));
  }
  leave();
}

function fail(error: unknown, debug: boolean): number {
  const usage = error instanceof Error && error.name === 'UsageError';
  if (debug && error instanceof Error) {
    for (let one: unknown = error; one instanceof Error; one = one.cause) console.error(one.stack);
  } else console.error(`pagestorm: ${error instanceof Error ? oneLine(error.message) : thrownText(error)}`);
  return usage ? Exit.Usage : Exit.Internal;
}

async function parse(args: readonly string[]): Promise<number> {
  let code: number = Exit.Ok;
  const using = async (
    argv: GlobalArguments,
    run: (targets: readonly Target[], options: GlobalOptions) => number | Promise<number>,
  ): Promise<void> => {
    const options: GlobalOptions = {
      modules: argv.targetModule,
      hangTimeout: parseDuration('--hang-timeout', argv.hangTimeout),
      debug: argv.debug,
    };
    code = await run(await loadTargets(options.modules), options);
  };
  await yargs([...args])
    .scriptName('pagestorm')
    .usage('$0 <command>\n\nA terminal fuzzer for kernel memory concurrency.')
    .option('target-module', {
      describe: 'load targets from an ES module that exports "targets" (repeatable)',
      type: 'string',
      array: true,
      nargs: 1,
      default: [] as string[],
    })
    .option('hang-timeout', {
      describe: 'time without progress after which a model hangs',
      type: 'string',
      default: '5s',
    })
    .option('debug', { describe: 'stack traces with errors', type: 'boolean', default: false })
    .command(
      'fuzz [design..]',
      'search for violations',
      y => fuzzArguments(y),
      argv => using(argv, (targets, options) => fuzzCommand(targets, fuzzOptions(argv, options))),
    )
    .command(
      'replay <case..>',
      'run recorded cases and compare their verdicts',
      y =>
        y
          .positional('case', {
            describe: 'case files, or directories of them',
            type: 'string',
            array: true,
            demandOption: true,
          })
          .option('trace', { describe: 'print every access', type: 'boolean', default: false })
          .option('diagram', { describe: 'print the race as a diagram', type: 'boolean', default: false })
          .option('step', {
            describe: 'go through the only case step by step, forwards and backwards',
            type: 'boolean',
            default: false,
          })
          .option('screen-reader', {
            describe: 'with --step: plain lines, and commands instead of keys',
            type: 'boolean',
            default: false,
          })
          .option('search', {
            describe: 'if a schedule no longer fits, search near it',
            type: 'boolean',
            default: false,
          })
          .option('perfetto', {
            describe: 'write the timeline of one case as Chrome trace JSON, for Perfetto',
            type: 'string',
            nargs: 1,
          })
          .option('junit', { describe: 'write the outcomes as JUnit XML', type: 'string' })
          .option('sarif', { describe: 'write what is not as expected as SARIF', type: 'string' }),
      argv =>
        using(argv, (targets, options) =>
          replayCommand(targets, {
            ...options,
            cases: argv.case,
            trace: argv.trace,
            diagram: argv.diagram,
            search: argv.search,
            step: argv.step,
            screenReader: argv.screenReader,
            perfetto: argv.perfetto,
            junit: argv.junit,
            sarif: argv.sarif,
          }),
        ),
    )
    .command(
      'minimize <case>',
      'make a case as small and calm as its violation allows',
      y =>
        y
          .positional('case', { describe: 'a case file', type: 'string', demandOption: true })
          .option('output', {
            alias: 'o',
            describe: 'where to write the result; standard output unless given',
            type: 'string',
          })
          .option('execs', { describe: 'try at most this many executions', type: 'string', default: '400k' }),
      argv =>
        using(argv, (targets, options) =>
          minimizeCommand(targets, {
            ...options,
            case: argv.case,
            out: argv.output,
            executions: parseCount('--execs', argv.execs, 1, 1e12),
          }),
        ),
    )
    .command(
      'report <path>',
      'write what was found as a page, or a case as a mail or a timeline',
      y => reportOptions(y),
      argv => using(argv, (targets, options) => reportCommand(targets, options, argv)),
    )
    .command(
      'whatsup <dir>',
      'sum up the campaigns of a directory',
      y =>
        y
          .positional('dir', {
            describe: 'a campaign, or what instances share',
            type: 'string',
            demandOption: true,
          })
          .option('json', { describe: 'one JSON object for each instance', type: 'boolean', default: false }),
      argv => {
        code = whatsupCommand(argv.dir, argv.json);
      },
    )
    .command(
      'view <dir>',
      'open the campaign screen on a campaign that runs or is over; changes nothing',
      y =>
        y
          .positional('dir', { describe: 'a campaign directory', type: 'string', demandOption: true })
          .option('ui', { describe: '--no-ui for a summary in lines', type: 'boolean', default: true }),
      async argv => {
        code = await viewCommand(argv.dir, argv.targetModule, argv.ui);
      },
    )
    .command(
      'cmin <dir>',
      'keep the smallest part of a queue that shows the same',
      y =>
        y
          .positional('dir', {
            describe: 'a campaign, or a folder of cases',
            type: 'string',
            demandOption: true,
          })
          .option('output', {
            alias: 'o',
            describe: 'copy what is kept there; else the rest of the queue is set aside',
            type: 'string',
          })
          .option('workers', { describe: 'worker threads; one for each core unless given', type: 'string' }),
      argv =>
        using(argv, (_, options) =>
          cminCommand({
            ...options,
            dir: argv.dir,
            out: argv.output,
            workers: workersOf(argv.workers),
          }),
        ),
    )
    .command(
      'selfcheck',
      'show that the search finds planted bugs',
      y =>
        y
          .option('memory', { describe: 'memory model; all unless given', type: 'string' })
          .option('seed', { describe: 'name of the random streams', type: 'string', default: 'selfcheck' }),
      argv => using(argv, (_, options) => selfcheckCommand(options, argv.memory, argv.seed)),
    )
    .command(
      'matrix [design..]',
      'which designs hold and how the others fail: a table of designs by oracles',
      y => matrixOptions(y),
      argv => using(argv, (targets, options) => matrixCommand(targets, options, argv)),
    )
    .command('litmus <path..>', 'run litmus tests under a memory model', litmusOptions, async argv => {
      // The parser of litmus tests takes as long to load as all else.
      const { litmusCommand } = await import('./commands/litmus.ts');
      code = await litmusCommand(argv);
    })
    .command(
      'targets [target]',
      'list targets, variants, switches, operations and oracles',
      y =>
        y
          .positional('target', { describe: 'show all of one target', type: 'string' })
          .option('json', { describe: 'as JSON', type: 'boolean', default: false }),
      argv => using(argv, targets => targetsCommand(targets, argv.target, argv.json)),
    )
    .check(argv => checkGiven(argv), true)
    .demandCommand(1, 'name a command; pagestorm --help lists them')
    .strict()
    .recommendCommands()
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      // What the parser itself throws is about the command line too.
      if (error !== undefined && error.name !== 'YError') throw error;
      throw new UsageError(`${message ?? error?.message ?? 'bad usage'}; see pagestorm --help`);
    })
    .help()
    .version()
    .parseAsync();
  return code;
}
