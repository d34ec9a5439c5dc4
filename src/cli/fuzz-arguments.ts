import type { ArgumentsCamelCase, Argv, InferredOptionTypes } from 'yargs';
import { UsageError } from '../engine/errors.ts';
import { hasTerminal, wantsScreenReader } from '../tui/interactive.ts';
import type { FuzzOptions } from './commands/fuzz.ts';
import type { Mode } from './fuzz-output.ts';
import { type GlobalOptions, parseCount, parseDuration, workersOf } from './options.ts';

const options = {
  time: { describe: 'end after this time: 30s, 5m, 8h', type: 'string' },
  execs: { describe: 'end after this many executions', type: 'string' },
  'until-crash': { describe: 'end at the first finding', type: 'boolean', default: false },
  workers: { describe: 'worker threads; one for each core unless given', type: 'string' },
  seed: { describe: 'name of the random streams; drawn and printed unless given', type: 'string' },
  deterministic: {
    describe: 'results independent of timing and number of workers (always so with --execs alone)',
    type: 'boolean',
    default: false,
  },
  cpus: { describe: 'CPUs of the machine', type: 'string' },
  pages: { describe: 'pages of the machine', type: 'string' },
  mms: { describe: 'address spaces of the machine', type: 'string' },
  memory: { describe: 'memory model: sc, tso, arm64, lkmm', type: 'string' },
  ops: { describe: 'only these operations, separated by commas', type: 'string' },
  out: { describe: 'campaign directory; a fresh one below crashes/ unless given', type: 'string' },
  input: { describe: 'folder of cases to begin with', type: 'string' },
  resume: { describe: 'go on with the campaign in this directory', type: 'string' },
  M: { describe: 'name of the main instance in a shared --out', type: 'string' },
  S: { describe: 'name of a secondary instance in a shared --out', type: 'string' },
  selfcheck: {
    describe: 'before the campaign, show that its settings find a planted bug',
    type: 'boolean',
    default: true,
  },
  json: { describe: 'one JSON object a line (docs/json.md)', type: 'boolean', default: false },
  junit: { describe: 'at the end, write designs and findings as JUnit XML', type: 'string' },
  sarif: { describe: 'at the end, write the findings as SARIF', type: 'string' },
  ui: {
    describe: 'the campaign screen on a terminal; --no-ui for plain lines',
    type: 'boolean',
    default: true,
  },
  'screen-reader': {
    describe: 'lines without redraws, only when something changes (also INK_SCREEN_READER=true)',
    type: 'boolean',
    default: false,
  },
  sites: { describe: 'print which places of the model were not reached', type: 'boolean', default: false },
} as const;

type Given = InferredOptionTypes<typeof options> & { design: string[] };

/** Declares what `pagestorm fuzz` takes. */
export function fuzzArguments<T>(yargs: Argv<T>): Argv<T & Given> {
  return yargs
    .positional('design', {
      describe: 'target[/variant[+switch...]]; all targets if none',
      type: 'string',
      array: true,
      default: [] as string[],
    })
    .options(options) as Argv<T & Given>;
}

/** What a campaign keeps from its beginning, and so cannot be given with --resume. */
const FIXED = [
  'seed',
  'deterministic',
  'cpus',
  'pages',
  'mms',
  'memory',
  'ops',
  'out',
  'input',
  'M',
  'S',
] as const;

function modeOf(json: boolean, ui: boolean, screenReader: boolean): Mode {
  if (json) return 'json';
  if (wantsScreenReader(screenReader)) return 'spoken';
  return ui && hasTerminal() ? 'screen' : 'plain';
}

/** @throws UsageError naming the option. */
export function fuzzOptions(argv: ArgumentsCamelCase<Given>, global: GlobalOptions): FuzzOptions {
  if (argv.resume !== undefined) {
    const given = FIXED.find(name => argv[name] !== undefined && argv[name] !== false);
    const what = argv.design.length > 0 ? `"${argv.design[0]}"` : given === undefined ? null : `--${given}`;
    if (what !== null) {
      throw new UsageError(
        `--resume: ${what} is that of the campaign and cannot be given again; leave it out`,
      );
    }
  }
  if (argv.deterministic && argv.time !== undefined) {
    throw new UsageError(
      '--deterministic: a run that ends by --time does not end at the same place; use --execs',
    );
  }
  const ops = argv.ops?.split(',').filter(one => one !== '');
  if (ops?.length === 0) throw new UsageError('--ops: names no operation; leave it out for all');
  const { M: main, S: secondary } = argv;
  if (main !== undefined && secondary !== undefined) throw new UsageError('-M and -S: give one of them');
  const name = main ?? secondary;
  if (argv.deterministic && name !== undefined) {
    throw new UsageError(
      '--deterministic: instances (-M, -S) take over what others have found by then; run it alone',
    );
  }
  if (name !== undefined && !/^[\w-][\w.-]*$/.test(name)) {
    throw new UsageError(
      `-${main === undefined ? 'S' : 'M'} ${name}: a name is made of letters, digits, ".", "-", "_", and begins without "."`,
    );
  }
  return {
    ...global,
    designs: argv.design,
    seconds: argv.time === undefined ? null : parseDuration('--time', argv.time),
    executions: argv.execs === undefined ? null : parseCount('--execs', argv.execs, 1, 1e15),
    seed: argv.seed,
    cpus: argv.cpus,
    pages: argv.pages,
    mms: argv.mms,
    memory: argv.memory,
    ops: ops ?? [],
    out: argv.out,
    resume: argv.resume,
    instance: name === undefined ? null : { name, main: main !== undefined },
    input: argv.input,
    workers: workersOf(argv.workers),
    untilCrash: argv.untilCrash,
    deterministic: argv.deterministic,
    selfcheck: argv.selfcheck,
    sites: argv.sites,
    mode: modeOf(argv.json, argv.ui, argv.screenReader),
    junit: argv.junit,
    sarif: argv.sarif,
  };
}
