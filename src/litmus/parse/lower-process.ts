// From the syntax of one process to statements of program.ts: names become registers or addresses, calls become
// accesses, loops are cut to a bound, and memory reads inside expressions become loads into temporaries.

import { LitmusError } from '../error.ts';
import type { Expr, Position, Process, RmwOperation, Statement } from '../program.ts';
import { arity, type Primitive, primitive } from './primitives.ts';
import type { CExpr, CProcess, CStatement } from './syntax.ts';
import { declaredNames, eachExpression, namesOf, touchesMemory } from './syntax-walk.ts';

/** Rounds of a loop whose condition depends on no memory read inside it; enough for counting loops. */
const countingRounds = 32;

/** What a process shares with the rest of the test. */
export interface LowerContext {
  /** The address of the location with this name, which is created when it is new. */
  address(name: string): number;
  /** Whether a location with this name exists already. */
  knows(name: string): boolean;
  /** Values that the initial state gives to registers of this process. */
  readonly initial: ReadonlyMap<string, number>;
  /** Rounds after which a loop that reads memory is cut. */
  readonly loopBound: number;
  /** Called when a loop was cut. */
  cut(): void;
}

class ProcessLowering {
  readonly registers: string[] = [];
  readonly initial: number[] = [];
  private readonly byName = new Map<string, number>();
  private readonly addresses = new Map<string, number>();
  private temporaries = 0;
  private readonly context: LowerContext;

  constructor(process: CProcess, context: LowerContext) {
    this.context = context;
    const assigned = new Set<string>();
    declaredNames(process.body, assigned);
    for (const parameter of process.parameters) {
      const address = context.address(parameter.name);
      if (assigned.has(parameter.name)) this.newRegister(parameter.name, address);
      else this.addresses.set(parameter.name, address);
    }
    for (const [name, value] of context.initial) if (!this.byName.has(name)) this.newRegister(name, value);
  }

  private newRegister(name: string, initial: number): number {
    const register = this.registers.length;
    this.registers.push(name);
    this.initial.push(initial);
    this.byName.set(name, register);
    return register;
  }

  private temporary(): number {
    return this.newRegister(`%${this.temporaries++}`, 0);
  }

  register(name: string): number {
    return this.byName.get(name) ?? this.newRegister(name, 0);
  }

  private name(name: string): Expr {
    if (name === 'NULL') return { kind: 'const', value: 0 };
    const address = this.addresses.get(name);
    if (address !== undefined) return { kind: 'const', value: address };
    if (!this.byName.has(name) && this.context.knows(name))
      return { kind: 'const', value: this.context.address(name) };
    return { kind: 'register', register: this.register(name) };
  }

  statements(list: readonly CStatement[], out: Statement[]): Statement[] {
    for (const s of list) this.statement(s, out);
    return out;
  }

  private statement(s: CStatement, out: Statement[]): void {
    switch (s.kind) {
      case 'declare': {
        const register = this.register(s.name);
        if (s.value !== null) this.into(s.value, register, out);
        return;
      }
      case 'assign': {
        const value: CExpr =
          s.op === null ? s.value : { kind: 'binary', at: s.at, op: s.op, left: s.target, right: s.value };
        if (s.target.kind === 'name') this.into(value, this.register(s.target.name), out);
        else {
          const address = this.lvalue(s.target, out);
          out.push({ kind: 'store', at: s.at, address, value: this.value(value, out), order: 'plain' });
        }
        return;
      }
      case 'expression':
        this.effects(s.value, out);
        return;
      case 'if': {
        const condition = this.value(s.condition, out);
        out.push({
          kind: 'if',
          at: s.at,
          condition,
          taken: this.statements(s.taken, []),
          otherwise: this.statements(s.otherwise, []),
        });
        return;
      }
      case 'while': {
        if (s.first) this.statements(s.body, out);
        const rounds = this.boundOf(s.condition, s.body);
        this.context.cut();
        this.loop(s.at, s.condition, s.body, rounds, out);
      }
    }
  }

  private boundOf(condition: CExpr, body: readonly CStatement[]): number {
    if (touchesMemory(condition)) return this.context.loopBound;
    const names = new Set<string>();
    namesOf(condition, names);
    let rounds = countingRounds;
    eachExpression(body, (value, target) => {
      if (target?.kind === 'name' && names.has(target.name) && touchesMemory(value))
        rounds = this.context.loopBound;
    });
    return rounds;
  }

  private loop(
    at: Position,
    condition: CExpr,
    body: readonly CStatement[],
    rounds: number,
    out: Statement[],
  ): void {
    const tested = this.value(condition, out);
    const taken: Statement[] = [];
    if (rounds === 0) taken.push({ kind: 'cut', at });
    else {
      this.statements(body, taken);
      this.loop(at, condition, body, rounds - 1, taken);
    }
    out.push({ kind: 'if', at, condition: tested, taken, otherwise: [] });
  }

  /** Evaluates for the side effects; a value nobody uses is dropped. */
  private effects(expr: CExpr, out: Statement[]): void {
    if (expr.kind === 'call') this.call(expr, -1, out);
    else this.value(expr, out);
  }

  /** Evaluates into a register. */
  private into(expr: CExpr, register: number, out: Statement[]): void {
    if (expr.kind === 'call' && this.call(expr, register, out)) return;
    if (expr.kind === 'unary' && expr.op === '*') {
      const address = this.value(expr.operand, out);
      out.push({ kind: 'load', at: expr.at, register, address, order: 'plain' });
      return;
    }
    out.push({ kind: 'assign', at: expr.at, register, value: this.value(expr, out) });
  }

  private value(expr: CExpr, out: Statement[]): Expr {
    switch (expr.kind) {
      case 'number':
        return { kind: 'const', value: expr.value };
      case 'name':
        return this.name(expr.name);
      case 'unary': {
        if (expr.op === '&') return this.lvalue(expr.operand, out);
        if (expr.op === '*') {
          const register = this.temporary();
          this.into(expr, register, out);
          return { kind: 'register', register };
        }
        const operand = this.value(expr.operand, out);
        return expr.op === '+' ? operand : { kind: 'unary', op: expr.op, operand };
      }
      case 'binary': {
        const short = (expr.op === '&&' || expr.op === '||') && touchesMemory(expr.right);
        if (short) {
          // a && b reads b only if a holds
          const zero: CExpr = { kind: 'number', at: expr.at, value: expr.op === '&&' ? 0 : 1 };
          const [taken, otherwise] = expr.op === '&&' ? [expr.right, zero] : [zero, expr.right];
          const chosen = this.choice(expr.at, expr.left, taken, otherwise, out);
          return { kind: 'binary', op: '!=', left: chosen, right: { kind: 'const', value: 0 } };
        }
        const left = this.value(expr.left, out);
        return { kind: 'binary', op: expr.op, left, right: this.value(expr.right, out) };
      }
      case 'select':
        if (touchesMemory(expr.taken) || touchesMemory(expr.otherwise))
          return this.choice(expr.at, expr.condition, expr.taken, expr.otherwise, out);
        return {
          kind: 'select',
          condition: this.value(expr.condition, out),
          taken: this.value(expr.taken, out),
          otherwise: this.value(expr.otherwise, out),
        };
      case 'call': {
        const register = this.temporary();
        this.into(expr, register, out);
        return { kind: 'register', register };
      }
    }
  }

  private choice(at: Position, test: CExpr, yes: CExpr, no: CExpr, out: Statement[]): Expr {
    const register = this.temporary();
    const condition = this.value(test, out);
    const taken: Statement[] = [];
    const otherwise: Statement[] = [];
    this.into(yes, register, taken);
    this.into(no, register, otherwise);
    out.push({ kind: 'if', at, condition, taken, otherwise });
    return { kind: 'register', register };
  }

  /** The address of an object: of `*e` the value of e. */
  private lvalue(expr: CExpr, out: Statement[]): Expr {
    if (expr.kind === 'unary' && expr.op === '*') return this.value(expr.operand, out);
    if (expr.kind === 'name' && this.context.knows(expr.name) && !this.byName.has(expr.name))
      return { kind: 'const', value: this.context.address(expr.name) };
    const what = expr.kind === 'name' ? expr.name : expr.kind;
    throw new LitmusError('unsupported', what, expr.at, 'an object in memory is wanted, like *x');
  }

  /** Lowers a call, its result into `register` (-1: none). False when the result is left to `value`. */
  private call(expr: CExpr & { kind: 'call' }, register: number, out: Statement[]): boolean {
    const { at, name, args } = expr;
    const p = primitive(name);
    if (p === null) throw new LitmusError('unsupported', name, at, 'no primitive of this name');
    if (args.length !== arity(p))
      throw new LitmusError('syntax', name, at, `takes ${arity(p)} arguments, got ${args.length}`);
    const arg = (i: number): CExpr => args[i] ?? { kind: 'number', at, value: 0 };
    const pointer = (i: number, lvalue = false) =>
      lvalue ? this.lvalue(arg(i), out) : this.value(arg(i), out);
    switch (p.kind) {
      case 'load':
        out.push({ kind: 'load', at, register, address: pointer(0, p.lvalue), order: p.order });
        return true;
      case 'store': {
        const address = pointer(0, p.lvalue);
        out.push({ kind: 'store', at, address, value: this.value(arg(1), out), order: p.order });
        if (p.fence !== null) out.push({ kind: 'fence', at, fence: p.fence });
        return true;
      }
      case 'fence':
        out.push({ kind: 'fence', at, fence: p.fence });
        return true;
      case 'rmw':
        this.modify(p, expr, register, out);
        return true;
      case 'cmpxchg': {
        const address = pointer(0);
        const expected = this.value(arg(1), out);
        out.push({
          kind: 'cmpxchg',
          at,
          register,
          address,
          expected,
          desired: this.value(arg(2), out),
          order: p.order,
        });
        return true;
      }
      case 'add-unless': {
        const address = pointer(0);
        const addend: Expr = p.notZero ? { kind: 'const', value: 1 } : this.value(arg(1), out);
        const unless: Expr = p.notZero ? { kind: 'const', value: 0 } : this.value(arg(2), out);
        out.push({ kind: 'add-unless', at, register, address, addend, unless, order: 'full' });
        return true;
      }
      case 'trylock':
      case 'is-locked':
      case 'srcu-lock':
        out.push({ kind: p.kind, at, register, address: pointer(0) });
        return true;
      case 'lock':
      case 'unlock':
      case 'sync-srcu':
        out.push({ kind: p.kind, at, address: pointer(0) });
        return true;
      case 'srcu-unlock':
        out.push({ kind: 'srcu-unlock', at, address: pointer(0), value: this.value(arg(1), out) });
        return true;
    }
  }

  private modify(
    p: Primitive & { kind: 'rmw' },
    expr: CExpr & { kind: 'call' },
    register: number,
    out: Statement[],
  ): void {
    const { at, args } = expr;
    const pointer = args[p.pointer];
    const other = args[1 - p.pointer];
    if (pointer === undefined) return;
    const operand: Expr =
      p.operand !== null || other === undefined
        ? { kind: 'const', value: p.operand ?? 1 }
        : this.value(other, out);
    const address = this.value(pointer, out);
    const operation: RmwOperation = p.operation;
    const tested = p.result === 'zero' || p.result === 'negative';
    const target = tested && register >= 0 ? this.temporary() : register;
    const result = p.result === 'old' ? 'old' : 'new';
    out.push({ kind: 'rmw', at, register: target, address, operation, operand, order: p.order, result });
    if (tested && register >= 0) {
      const left: Expr = { kind: 'register', register: target };
      const op = p.result === 'zero' ? '==' : '<';
      out.push({
        kind: 'assign',
        at,
        register,
        value: { kind: 'binary', op, left, right: { kind: 'const', value: 0 } },
      });
    }
  }
}

/**
 * Lowers a process. `wanted` are the registers the condition names; they exist afterwards even when the process
 * never mentions them. Throws LitmusError for what it cannot express.
 */
export function lowerProcess(process: CProcess, context: LowerContext, wanted: Iterable<string>): Process {
  const lowering = new ProcessLowering(process, context);
  const body = lowering.statements(process.body, []);
  for (const name of wanted) lowering.register(name);
  return { name: `P${process.index}`, registers: lowering.registers, initial: lowering.initial, body };
}
