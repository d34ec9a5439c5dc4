import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../engine/errors.ts';
import type { MemoryName } from '../../engine/memory/index.ts';
import {
  contradicts,
  expectationOf,
  formatResult,
  LitmusError,
  type LitmusProgram,
  type LitmusResult,
  type OnLook,
  parseLitmus,
  resultToJson,
  runEngine,
  runLkmm,
  showEngine,
  showLkmm,
  summaryHeader,
  summaryRow,
  TooManyTraces,
  withOutcome,
} from '../../litmus/index.ts';
import { Exit, worse } from '../exit.ts';
import { isLitmusMemory, type LitmusArguments, memories, memoryList } from '../litmus-arguments.ts';
import { parseCount } from '../options.ts';
import { StatusLine } from '../status-line.ts';

interface Row {
  readonly file: string;
  readonly result: LitmusResult;
  readonly contradicted: boolean;
}

/**
 * `pagestorm litmus <path...>`. Exit code 1: a result contradicts what its file says (`Result: Never`); 2: a file could
 * not be read or is no test, the others were run.
 */
export async function litmusCommand(args: LitmusArguments): Promise<number> {
  if (!isLitmusMemory(args.memory))
    throw new UsageError(`--memory: "${args.memory}" is none of ${memoryList}`);
  const engine = memories[args.memory];
  const budget = args.budget === undefined ? undefined : parseCount('--budget', args.budget, 1, 1e12);
  const files = litmusFiles(args.path);
  const status = new StatusLine(args.json);
  const rows: Row[] = [];
  let code: number = Exit.Ok;
  for (const [done, file] of files.entries()) {
    status.count(done, files.length, 'tests', file);
    let looked = 0;
    const onLook = (more: number): void => {
      looked += more;
      status.live(
        `${done} of ${files.length} tests: ${file}: ${looked} ${engine === null ? 'checks' : 'executions'}`,
      );
    };
    // The searches never wait: this is where signals and output get their turn.
    await new Promise(resolve => setImmediate(resolve));
    try {
      const text = readFileSync(file, 'utf8');
      if (args.show !== undefined) {
        const program = parseLitmus(withOutcome(text, args.show));
        code = worse(code, show(file, program, args.show, engine, budget, status, onLook));
        continue;
      }
      const program = parseLitmus(text);
      const result =
        engine === null
          ? runLkmm(program, { budget, onLook })
          : runEngine(program, engine, { budget, onLook });
      status.clear();
      const expected = expectationOf(text, engine ?? 'lkmm');
      const contradicted = expected !== null && contradicts(result, expected);
      if (contradicted) code = worse(code, Exit.Finding);
      if (args.summary) rows.push({ file, result, contradicted });
      else if (args.json)
        console.log(JSON.stringify({ file, ...resultToJson(result), expected, contradicted }));
      else {
        process.stdout.write(formatResult(result));
        if (contradicted) console.log(`Contradicts "${expected.text}" in ${file}`);
        console.log('');
      }
    } catch (error) {
      status.clear();
      code = worse(code, complain(file, error));
    }
  }
  if (args.summary) printSummary(rows, args.json);
  return code;
}

/** A fault of one file as one line; the other files still run. */
function complain(file: string, error: unknown): number {
  if (error instanceof LitmusError) console.error(`${file}:${error.message}`);
  else if (error instanceof TooManyTraces) console.error(`${file}: ${error.message}`);
  else if (error instanceof Error && 'code' in error) console.error(`${file}: ${error.message}`);
  else throw error;
  return Exit.Usage;
}

function show(
  file: string,
  program: LitmusProgram,
  outcome: string,
  memory: MemoryName | null,
  budget: number | undefined,
  status: StatusLine,
  onLook: OnLook,
): number {
  const { diagram, exhausted } =
    memory === null ? showLkmm(program, budget, onLook) : showEngine(program, memory, budget, onLook);
  status.clear();
  console.log(`${program.name} (${file}): ${outcome}`);
  if (diagram !== null) console.log(`\n${diagram}\n`);
  else
    console.log(
      `  ${exhausted ? 'no execution has this outcome (exhausted)' : 'not found within the budget'}\n`,
    );
  return Exit.Ok;
}

function printSummary(rows: readonly Row[], json: boolean): void {
  const table = rows.map(({ result, contradicted }) => [
    ...summaryRow(result),
    contradicted ? 'contradicts its comment' : '',
  ]);
  if (json) {
    for (const row of table) console.log(JSON.stringify(row));
    return;
  }
  const all = [[...summaryHeader, ''], ...table];
  const widths = all[0].map((_, i) => Math.max(...all.map(row => row[i].length)));
  for (const row of all)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    );
  const count = (observation: string) => rows.filter(row => row.result.observation === observation).length;
  const open = rows.filter(row => !row.result.exhausted).length;
  console.log(
    `\n${rows.length} tests: ${count('Never')} Never, ${count('Sometimes')} Sometimes, ${count('Always')} Always; ` +
      `${open} not exhausted, ${rows.filter(row => row.contradicted).length} contradict their comment`,
  );
}

/** The files named, and the `.litmus` files of the directories named, sorted. */
function litmusFiles(paths: readonly string[]): readonly string[] {
  const files: string[] = [];
  const walk = (directory: string): void => {
    const entries = readdirSync(directory, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith('.litmus')) files.push(path);
    }
  };
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) throw new UsageError(`${path}: no such file or directory`);
    if (!stat.isDirectory()) files.push(path);
    else {
      const before = files.length;
      walk(path);
      if (files.length === before) throw new UsageError(`${path}: no .litmus files in it`);
    }
  }
  return files;
}
