// Reads a C litmus test: text to LitmusProgram. The steps: source.ts blanks what is no code, grammar.ts builds
// the tree, lower-process.ts turns processes into statements, and this file settles memory, initial values and
// the condition.

import { LitmusError } from '../error.ts';
import {
  addressOf,
  type LitmusProgram,
  type Location,
  type Observable,
  type Operand,
  type Position,
  type Process,
  type Proposition,
} from '../program.ts';
import { litmusGrammar } from './grammar.ts';
import { type LowerContext, lowerProcess } from './lower-process.ts';
import { positionOf, prepareSource } from './source.ts';
import type { CExpr, CLitmus, CProposition, CValue, CVariable } from './syntax.ts';
import { litmusLexer } from './tokens.ts';

export interface ParseOptions {
  /** Rounds after which a loop that reads memory is cut; 3 when left out. */
  readonly loopBound?: number;
}

const unsupportedTokens = new Set([
  'goto',
  'return',
  'switch',
  'break',
  'continue',
  'Arrow',
  'Dot',
  'LBracket',
]);

/** The syntax tree of a litmus test. Throws LitmusError with the place of the first fault. */
function parseSyntax(code: string): CLitmus {
  const { tokens, errors } = litmusLexer.tokenize(code);
  const lexical = errors[0];
  if (lexical !== undefined) {
    const at = positionOf(code, lexical.offset);
    throw new LitmusError('syntax', `'${code.slice(lexical.offset, lexical.offset + 1)}'`, at);
  }
  litmusGrammar.input = tokens;
  const tree = litmusGrammar.litmus();
  const fault = litmusGrammar.errors[0];
  if (fault !== undefined) {
    const { token } = fault;
    const last = tokens.at(-1);
    const atEnd = token.image === '';
    const at: Position = atEnd
      ? { line: last?.endLine ?? 1, column: (last?.endColumn ?? 0) + 1 }
      : { line: token.startLine ?? 0, column: token.startColumn ?? 0 };
    if (unsupportedTokens.has(token.tokenType.name))
      throw new LitmusError('unsupported', `'${token.image}'`, at);
    throw new LitmusError('syntax', atEnd ? 'end of file' : `'${token.image}'`, at);
  }
  return tree;
}

class Memory {
  readonly locations: { name: string; initial: number; role: Location['role'] }[] = [];
  private readonly byName = new Map<string, number>();

  location(name: string, type = ''): number {
    let location = this.byName.get(name);
    if (location === undefined) {
      location = this.locations.length;
      this.byName.set(name, location);
      this.locations.push({ name, initial: 0, role: 'data' });
    }
    const found = this.locations[location];
    if (found !== undefined && /spinlock_t/.test(type)) found.role = 'lock';
    if (found !== undefined && /srcu_struct/.test(type)) found.role = 'srcu';
    return location;
  }

  knows(name: string): boolean {
    return this.byName.has(name);
  }

  setInitial(location: number, value: number): void {
    const found = this.locations[location];
    if (found !== undefined) found.initial = value;
  }

  /** The value of an expression in the initial state: a number, or a location for its address. */
  initialValue(expr: CExpr): number {
    switch (expr.kind) {
      case 'number':
        return expr.value;
      case 'name':
        return expr.name === 'NULL' ? 0 : addressOf(this.location(expr.name));
      case 'unary':
        if (expr.op === '&' && expr.operand.kind === 'name')
          return addressOf(this.location(expr.operand.name));
        if (expr.op === '-') return -this.initialValue(expr.operand);
        break;
      case 'call': {
        const [arg] = expr.args;
        if (expr.name === 'ATOMIC_INIT' && arg !== undefined && expr.args.length === 1)
          return this.initialValue(arg);
        if (expr.name === '__SPIN_LOCK_UNLOCKED') return 0;
        throw new LitmusError('unsupported', expr.name, expr.at, 'in the initial state');
      }
    }
    throw new LitmusError('unsupported', `${expr.kind} expression`, expr.at, 'in the initial state');
  }
}

/** The variables of a proposition that are observed; a name that stands for an address is none. */
function variablesOf(p: CProposition, visit: (variable: CVariable) => void): void {
  switch (p.kind) {
    case 'constant':
      return;
    case 'compare':
      visit(p.left);
      if (p.right.kind === 'variable' && p.right.variable.process >= 0) visit(p.right.variable);
      return;
    case 'not':
      variablesOf(p.operand, visit);
      return;
    default:
      variablesOf(p.left, visit);
      variablesOf(p.right, visit);
  }
}

function keyOf(variable: CVariable): string {
  return variable.process < 0 ? variable.name : `${variable.process}:${variable.name}`;
}

/** Reads a litmus test. Throws LitmusError, with line, column and construct, for what it cannot read. */
export function parseLitmus(text: string, options: ParseOptions = {}): LitmusProgram {
  const { name, code } = prepareSource(text);
  const tree = parseSyntax(code);
  const memory = new Memory();
  const registerInit = new Map<number, Map<string, number>>();
  for (const entry of tree.init) {
    if (entry.process < 0) memory.location(entry.name, entry.type);
  }
  for (const entry of tree.init) {
    const value = entry.value === null ? 0 : memory.initialValue(entry.value);
    if (entry.process < 0) memory.setInitial(memory.location(entry.name), value);
    else {
      const values = registerInit.get(entry.process) ?? new Map<string, number>();
      registerInit.set(entry.process, values.set(entry.name, value));
    }
  }
  for (const process of tree.processes)
    for (const parameter of process.parameters) memory.location(parameter.name, parameter.type);

  // the observed variables, in printing order
  const variables = new Map<string, CVariable>();
  const observe = (variable: CVariable) => variables.set(keyOf(variable), variable);
  tree.locations.forEach(observe);
  variablesOf(tree.condition, observe);
  const printed = new Map(variables);
  if (tree.filter !== null) variablesOf(tree.filter, observe);

  let loopBound = 0;
  const bound = options.loopBound ?? 3;
  const processes: Process[] = tree.processes.map((process, i) => {
    if (process.index !== i)
      throw new LitmusError('syntax', `P${process.index}`, process.at, `process P${i} is expected here`);
    const context: LowerContext = {
      address: location => addressOf(memory.location(location)),
      knows: location => memory.knows(location),
      initial: registerInit.get(i) ?? new Map<string, number>(),
      loopBound: bound,
      cut: () => {
        loopBound = bound;
      },
    };
    const wanted = [...variables.values()].filter(v => v.process === i).map(v => v.name);
    return lowerProcess(process, context, wanted);
  });

  // observed by the filter alone: known to it, not printed
  const order = (a: CVariable, b: CVariable): number => {
    const shown = Number(printed.has(keyOf(b))) - Number(printed.has(keyOf(a)));
    if (shown !== 0) return shown;
    if (a.process < 0 !== b.process < 0) return a.process < 0 ? 1 : -1;
    if (a.process !== b.process) return a.process - b.process;
    return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
  };
  const sorted = [...variables.values()].sort(order);
  const index = new Map(sorted.map((variable, i) => [keyOf(variable), i]));
  const observed = sorted.map((variable): Observable => {
    if (variable.process < 0)
      return { kind: 'location', location: memory.location(variable.name), name: variable.name };
    const process = processes[variable.process];
    if (process === undefined)
      throw new LitmusError('syntax', keyOf(variable), variable.at, 'the test has no such process');
    const register = process.registers.indexOf(variable.name);
    return { kind: 'register', process: variable.process, register, name: variable.name };
  });

  const observable = (variable: CVariable): Operand => ({
    kind: 'observable',
    index: index.get(keyOf(variable)) ?? 0,
  });
  const operand = (value: CValue): Operand => {
    if (value.kind === 'number') return { kind: 'value', value: value.value };
    if (value.variable.process >= 0) return observable(value.variable);
    return {
      kind: 'value',
      value: value.variable.name === 'NULL' ? 0 : addressOf(memory.location(value.variable.name)),
    };
  };
  const proposition = (p: CProposition): Proposition => {
    switch (p.kind) {
      case 'constant':
        return { kind: p.value ? 'true' : 'false' };
      case 'compare': {
        const equal: Proposition = { kind: 'equal', left: observable(p.left), right: operand(p.right) };
        return p.equal ? equal : { kind: 'not', operand: equal };
      }
      case 'not':
        return { kind: 'not', operand: proposition(p.operand) };
      case 'implies':
        return {
          kind: 'or',
          left: { kind: 'not', operand: proposition(p.left) },
          right: proposition(p.right),
        };
      default:
        return { kind: p.kind, left: proposition(p.left), right: proposition(p.right) };
    }
  };
  const condition = proposition(tree.condition);
  const filter = tree.filter === null ? null : proposition(tree.filter);
  return {
    name,
    locations: memory.locations,
    processes,
    observed,
    printed: printed.size,
    quantifier: tree.quantifier,
    condition,
    filter,
    loopBound,
  };
}
