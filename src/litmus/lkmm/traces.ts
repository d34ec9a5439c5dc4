// What one process can do, for every combination of values that its reads could return: its traces. Which of
// them happen together, and who reads from whom, is for the search (search.ts) to find out.
//
// Values a location may hold are found by iterating: run every process on the values known so far, collect what
// it writes, until nothing is new. The number of rounds is bounded by the number of writes that depend on a read,
// so `x = x + 1` here and there ends; values that need a longer chain would have to depend on themselves, and
// the model forbids that (happens-before includes dependencies into writes).

import type { LitmusProgram, Statement } from '../program.ts';
import { Cells } from './cells.ts';
import { flag, type Trace } from './events.ts';
import { ProcessRun } from './process-run.ts';

/** Thrown when a process has more traces than anyone could search. */
export class TooManyTraces extends Error {}

const traceLimit = 200_000;

/**
 * All traces of a process when locations may hold the values in `cells.domains`; `writes` hears of every write, also of runs
 * that came to nothing: what they wrote before may be what another run needs to go on.
 */
function tracesOf(
  program: LitmusProgram,
  index: number,
  cells: Cells,
  writes: (location: number, value: number) => void,
): Trace[] {
  const process = program.processes[index];
  if (process === undefined) return [];
  const observed = program.observed.flatMap(o =>
    o.kind === 'register' && o.process === index ? [o.register] : [],
  );
  const traces: Trace[] = [];
  const choices: { index: number; size: number }[] = [];
  for (let runs = 0; ; runs++) {
    if (runs > traceLimit) throw new TooManyTraces(`${process.name} has over ${traceLimit} traces`);
    const run = new ProcessRun(process, cells, choices);
    run.events.forEach((event, i) => {
      if ((event.flags & flag.write) !== 0) writes(event.location, run.values[i]);
    });
    if (run.valid) {
      const registers = observed.map(register => run.registers[register] ?? 0);
      traces.push({ events: run.events, markers: run.markers, values: run.values, registers });
    }
    let last = choices.at(-1);
    while (last !== undefined && last.index + 1 >= last.size) {
      choices.pop();
      last = choices.at(-1);
    }
    if (last === undefined) return traces;
    last.index++;
  }
}

function countDependentWrites(statements: readonly Statement[]): number {
  let count = 0;
  for (const s of statements) {
    if (s.kind === 'store') count += s.value.kind === 'const' ? 0 : 1;
    else if (s.kind === 'rmw') count += s.operation === 'xchg' && s.operand.kind === 'const' ? 0 : 1;
    else if (s.kind === 'cmpxchg') count += s.desired.kind === 'const' ? 0 : 1;
    else if (s.kind === 'add-unless' || s.kind === 'srcu-unlock') count += 1;
    else if (s.kind === 'if') count += countDependentWrites(s.taken) + countDependentWrites(s.otherwise);
  }
  return count;
}

/** The traces of every process, and the cells they access. Throws TooManyTraces. */
export function enumerateTraces(program: LitmusProgram): {
  readonly traces: Trace[][];
  readonly cells: Cells;
} {
  const cells = new Cells(program);
  const { domains } = cells;
  const depth = program.processes.reduce((sum, p) => sum + countDependentWrites(p.body), 2);
  for (let round = 0; ; round++) {
    let grown = false;
    const found: [location: number, value: number][] = [];
    const traces = program.processes.map((_, index) =>
      tracesOf(program, index, cells, (location, value) => {
        if (domains[location].includes(value)) return;
        found.push([location, value]);
        grown = true;
      }),
    );
    for (const [location, value] of found)
      if (!domains[location].includes(value)) domains[location].push(value);
    if (!grown || round > depth) return { traces, cells };
  }
}
