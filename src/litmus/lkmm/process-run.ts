// One run of a process with given answers to its reads: which accesses it makes, and what each depends on.

import { evaluate, modify, registersOf } from '../evaluate.ts';
import type { Expr, Process, RmwOrder, Statement } from '../program.ts';
import type { Cells } from './cells.ts';
import { flag, type Marker, type ThreadEvent } from './events.ts';

const noDeps: readonly number[] = [];

function union(a: readonly number[], b: readonly number[]): readonly number[] {
  if (b.length === 0 || a === b) return a;
  if (a.length === 0) return b;
  const both = a.slice();
  for (const x of b) if (!both.includes(x)) both.push(x);
  return both.sort((x, y) => x - y);
}

/** Runs a process once, answering its reads by `choices`; new reads take the first value of their location. */
export class ProcessRun {
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
