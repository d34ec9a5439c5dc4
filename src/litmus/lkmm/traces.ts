// What one process can do, for every combination of values that its reads could return: its traces. Which of
// them happen together, and who reads from whom, is for the search (search.ts) to find out.
//
// Values a location may hold are found by iterating: run every process on the values known so far, collect what
// it writes, until nothing is new. The number of rounds is bounded by the number of writes that depend on a read,
// so `x = x + 1` here and there ends; values that need a longer chain would have to depend on themselves, and
// the model forbids that (happens-before includes dependencies into writes).

import { evaluate, modify, registersOf } from '../evaluate.ts';
import {
  type Expr,
  type FenceKind,
  type LitmusProgram,
  locationAt,
  type Process,
  type RmwOrder,
  type Statement,
} from '../program.ts';

/** Bits of an event's `flags`, named after the sets of linux-kernel.bell and lock.cat. */
export const flag = {
  write: 1,
  plain: 2,
  acquire: 4,
  release: 8,
  mb: 16,
  noreturn: 32,
  /** Event of a read-modify-write instruction, failed ones included (herd's RMW). */
  rmw: 64,
  lockRead: 128,
  lockWrite: 256,
  unlock: 512,
  srcuLock: 1024,
  srcuUnlock: 2048,
} as const;

/** One memory access of a process. Dependencies list indices of earlier reads of the same process. */
export interface ThreadEvent {
  readonly flags: number;
  readonly location: number;
  /** Place among accesses and markers of the process, in program order. */
  readonly order: number;
  /** For the write of a read-modify-write or lock: the index of its read; else -1. */
  readonly partner: number;
  readonly addr: readonly number[];
  readonly data: readonly number[];
  readonly ctrl: readonly number[];
  readonly line: number;
}

/** A fence, an end of an RCU section or a grace period; `location` is the srcu_struct of a `sync-srcu`, else -1. */
export interface Marker {
  readonly kind: FenceKind | 'sync-srcu';
  readonly order: number;
  readonly location: number;
}

/** One run of a process: its accesses, the value each read or wrote, and its observed registers at the end. */
export interface Trace {
  readonly events: readonly ThreadEvent[];
  readonly markers: readonly Marker[];
  readonly values: readonly number[];
  /** Values of the program's observed registers of this process, in `observed` order. */
  readonly registers: readonly number[];
}

/**
 * The locations of a program and, numbered on from them, cells for addresses that belong to none: an access through
 * NULL or a stray integer goes to a cell of its own that starts as 0, as in herd, and is flagged (`wild-access`).
 */
export class Cells {
  readonly declared: number;
  /** Values that each location or cell may hold, the initial one first; it grows while traces are enumerated. */
  readonly domains: number[][];
  private readonly strays = new Map<number, number>();

  constructor(program: LitmusProgram) {
    this.declared = program.locations.length;
    this.domains = program.locations.map(l => (l.role === 'lock' ? [0, 1] : [l.initial]));
  }

  /** The number of the location or cell at an address. */
  at(address: number): number {
    const location = locationAt(address, this.declared);
    if (location >= 0) return location;
    let cell = this.strays.get(address);
    if (cell === undefined) {
      cell = this.domains.length;
      this.strays.set(address, cell);
      this.domains.push([0]);
    }
    return cell;
  }
}

/** Thrown when a process has more traces than anyone could search. */
export class TooManyTraces extends Error {}

const traceLimit = 200_000;
const noDeps: readonly number[] = [];

function union(a: readonly number[], b: readonly number[]): readonly number[] {
  if (b.length === 0 || a === b) return a;
  if (a.length === 0) return b;
  const both = a.slice();
  for (const x of b) if (!both.includes(x)) both.push(x);
  return both.sort((x, y) => x - y);
}

/** Runs a process once, answering its reads by `choices`; new reads take the first value of their location. */
class Run {
  readonly events: ThreadEvent[] = [];
  readonly markers: Marker[] = [];
  readonly values: number[] = [];
  /** False when the run went over a loop bound, or waits for a value that nobody writes. */
  valid = true;
  readonly registers: Int32Array;
  private readonly taint: (readonly number[])[];
  private readonly cells: Cells;
  private readonly choices: { index: number; size: number }[];
  private cursor = 0;
  private order = 0;
  private ctrl: readonly number[] = noDeps;

  constructor(process: Process, cells: Cells, choices: { index: number; size: number }[]) {
    this.cells = cells;
    this.choices = choices;
    this.registers = Int32Array.from(process.initial);
    this.taint = process.registers.map(() => noDeps);
    this.block(process.body);
  }

  private deps(expr: Expr): readonly number[] {
    let found = noDeps;
    registersOf(expr, register => {
      found = union(found, this.taint[register] ?? noDeps);
    });
    return found;
  }

  private assign(register: number, value: number, taint: readonly number[]): void {
    if (register < 0) return;
    this.registers[register] = value;
    this.taint[register] = taint;
  }

  private location(address: Expr): number {
    return this.cells.at(evaluate(address, this.registers));
  }

  private event(
    flags: number,
    location: number,
    value: number,
    addr: readonly number[],
    data: readonly number[],
    partner: number,
    line: number,
  ): number {
    this.events.push({ flags, location, order: this.order++, partner, addr, data, ctrl: this.ctrl, line });
    this.values.push(value);
    return this.events.length - 1;
  }

  /** The value a read returns in this run: one of what its location may hold, that `accepts` allows. */
  private choose(location: number, accepts: ((value: number) => boolean) | null): number {
    let domain: readonly number[] = this.cells.domains[location];
    if (accepts !== null) domain = domain.filter(accepts);
    if (domain.length === 0) {
      this.valid = false;
      return 0;
    }
    if (domain.length === 1) return domain[0] ?? 0;
    const known = this.choices[this.cursor];
    const choice = known ?? { index: 0, size: domain.length };
    if (known === undefined) this.choices.push(choice);
    this.cursor++;
    return domain[choice.index] ?? 0;
  }

  private read(
    flags: number,
    address: Expr,
    line: number,
    accepts: ((value: number) => boolean) | null,
  ): number {
    const location = this.location(address);
    const value = this.choose(location, accepts);
    if (!this.valid) return -1;
    return this.event(flags, location, value, this.deps(address), noDeps, -1, line);
  }

  private marker(kind: Marker['kind'], location: number): void {
    this.markers.push({ kind, location, order: this.order++ });
  }

  private block(statements: readonly Statement[]): void {
    for (const s of statements) {
      if (!this.valid) return;
      this.step(s);
    }
  }

  private step(s: Statement): void {
    const { line } = s.at;
    switch (s.kind) {
      case 'load': {
        const flags = s.order === 'plain' ? flag.plain : s.order === 'acquire' ? flag.acquire : 0;
        this.result(s.register, this.read(flags, s.address, line, null));
        return;
      }
      case 'store': {
        const location = this.location(s.address);
        const order = s.order === 'plain' ? flag.plain : s.order === 'release' ? flag.release : 0;
        const value = evaluate(s.value, this.registers);
        this.event(flag.write | order, location, value, this.deps(s.address), this.deps(s.value), -1, line);
        return;
      }
      case 'rmw': {
        const read = this.read(readFlags(s.order), s.address, line, null);
        if (read < 0) return;
        const old = this.values[read] ?? 0;
        const value = modify(s.operation, old, evaluate(s.operand, this.registers));
        // herd counts the read as a data source of what is computed from it, but not of what xchg stores
        const data = s.operation === 'xchg' ? this.deps(s.operand) : union(this.deps(s.operand), [read]);
        this.modifying(read, s.order, value, data, line);
        this.assign(s.register, s.result === 'old' ? old : value, [read]);
        return;
      }
      case 'cmpxchg': {
        const read = this.read(flag.rmw, s.address, line, null);
        if (read < 0) return;
        const old = this.values[read] ?? 0;
        if (old === evaluate(s.expected, this.registers)) {
          this.reflag(read, readFlags(s.order));
          this.modifying(read, s.order, evaluate(s.desired, this.registers), this.deps(s.desired), line);
        }
        this.assign(s.register, old, [read]);
        return;
      }
      case 'add-unless': {
        const read = this.read(flag.rmw, s.address, line, null);
        if (read < 0) return;
        const old = this.values[read] ?? 0;
        const adds = old !== evaluate(s.unless, this.registers);
        if (adds) {
          this.reflag(read, readFlags(s.order));
          const data = union(this.deps(s.addend), [read]);
          this.modifying(read, s.order, (old + evaluate(s.addend, this.registers)) | 0, data, line);
        }
        this.assign(s.register, adds ? 1 : 0, union(this.deps(s.unless), [read]));
        return;
      }
      case 'lock': {
        const read = this.read(flag.acquire | flag.lockRead, s.address, line, value => value === 0);
        if (read >= 0) this.locking(read, line);
        return;
      }
      case 'trylock': {
        const read = this.read(0, s.address, line, null);
        if (read < 0) return;
        const free = this.values[read] === 0;
        if (free) {
          this.reflag(read, flag.acquire | flag.lockRead);
          this.locking(read, line);
        }
        this.assign(s.register, free ? 1 : 0, [read]);
        return;
      }
      case 'is-locked':
        this.result(s.register, this.read(0, s.address, line, null));
        return;
      case 'unlock': {
        const location = this.location(s.address);
        const flags = flag.write | flag.release | flag.unlock;
        this.event(flags, location, 0, this.deps(s.address), noDeps, -1, line);
        return;
      }
      case 'srcu-lock':
        this.result(s.register, this.read(flag.srcuLock, s.address, line, null));
        return;
      case 'srcu-unlock': {
        const location = this.location(s.address);
        const value = evaluate(s.value, this.registers);
        this.event(
          flag.write | flag.srcuUnlock,
          location,
          value,
          this.deps(s.address),
          this.deps(s.value),
          -1,
          line,
        );
        return;
      }
      case 'sync-srcu': {
        const location = this.location(s.address);
        this.marker('sync-srcu', location);
        return;
      }
      case 'fence':
        this.marker(s.fence, -1);
        return;
      case 'assign':
        this.assign(s.register, evaluate(s.value, this.registers), this.deps(s.value));
        return;
      case 'if': {
        const outer = this.ctrl;
        const taken = evaluate(s.condition, this.registers) !== 0;
        this.ctrl = union(outer, this.deps(s.condition));
        this.block(taken ? s.taken : s.otherwise);
        this.ctrl = outer;
        return;
      }
      case 'cut':
        this.valid = false;
    }
  }

  private result(register: number, read: number): void {
    if (read >= 0) this.assign(register, this.values[read] ?? 0, [read]);
  }

  /** A conditional operation has succeeded: its read has the full flags. */
  private reflag(read: number, flags: number): void {
    const event = this.events[read];
    if (event !== undefined) this.events[read] = { ...event, flags };
  }

  private modifying(
    read: number,
    order: RmwOrder,
    value: number,
    data: readonly number[],
    line: number,
  ): void {
    const event = this.events[read];
    if (event === undefined) return;
    const tag = order === 'full' ? flag.mb : order === 'release' ? flag.release : 0;
    this.event(flag.write | flag.rmw | tag, event.location, value, event.addr, data, read, line);
  }

  private locking(read: number, line: number): void {
    const event = this.events[read];
    if (event !== undefined)
      this.event(flag.write | flag.lockWrite, event.location, 1, event.addr, noDeps, read, line);
  }
}

function readFlags(order: RmwOrder): number {
  switch (order) {
    case 'full':
      return flag.rmw | flag.mb;
    case 'acquire':
      return flag.rmw | flag.acquire;
    case 'noreturn':
      return flag.rmw | flag.noreturn;
    default:
      return flag.rmw;
  }
}

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
    const run = new Run(process, cells, choices);
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
