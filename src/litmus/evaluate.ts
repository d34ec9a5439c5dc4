// Evaluating expressions of litmus programs, and propositions about final states.

import type { BinaryOperator, Expr, Operand, Proposition, RmwOperation, UnaryOperator } from './program.ts';

/** The value of an expression, 32-bit as in C; division by zero gives 0 (no kernel code relies on it). */
export function evaluate(expr: Expr, registers: ArrayLike<number>): number {
  switch (expr.kind) {
    case 'const':
      return expr.value;
    case 'register':
      return registers[expr.register] ?? 0;
    case 'unary':
      return unary(expr.op, evaluate(expr.operand, registers));
    case 'binary':
      return binary(expr.op, evaluate(expr.left, registers), evaluate(expr.right, registers));
    case 'select':
      return evaluate(expr.condition, registers) !== 0
        ? evaluate(expr.taken, registers)
        : evaluate(expr.otherwise, registers);
  }
}

export function unary(op: UnaryOperator, value: number): number {
  switch (op) {
    case '!':
      return value === 0 ? 1 : 0;
    case '~':
      return ~value;
    case '-':
      return -value | 0;
  }
}

export function binary(op: BinaryOperator, a: number, b: number): number {
  switch (op) {
    case '+':
      return (a + b) | 0;
    case '-':
      return (a - b) | 0;
    case '*':
      return Math.imul(a, b);
    case '/':
      return b === 0 ? 0 : (a / b) | 0;
    case '%':
      return b === 0 ? 0 : (a % b) | 0;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '<<':
      return a << b;
    case '>>':
      return a >> b;
    case '==':
      return a === b ? 1 : 0;
    case '!=':
      return a !== b ? 1 : 0;
    case '<':
      return a < b ? 1 : 0;
    case '<=':
      return a <= b ? 1 : 0;
    case '>':
      return a > b ? 1 : 0;
    case '>=':
      return a >= b ? 1 : 0;
    case '&&':
      return a !== 0 && b !== 0 ? 1 : 0;
    case '||':
      return a !== 0 || b !== 0 ? 1 : 0;
  }
}

/** The value that a read-modify-write stores. */
export function modify(operation: RmwOperation, old: number, operand: number): number {
  switch (operation) {
    case 'xchg':
      return operand;
    case 'add':
      return (old + operand) | 0;
    case 'sub':
      return (old - operand) | 0;
    case 'and':
      return old & operand;
    case 'or':
      return old | operand;
    case 'xor':
      return old ^ operand;
    case 'andnot':
      return old & ~operand;
  }
}

/** Calls `visit` with every register an expression reads. */
export function registersOf(expr: Expr, visit: (register: number) => void): void {
  switch (expr.kind) {
    case 'const':
      return;
    case 'register':
      visit(expr.register);
      return;
    case 'unary':
      registersOf(expr.operand, visit);
      return;
    case 'binary':
      registersOf(expr.left, visit);
      registersOf(expr.right, visit);
      return;
    case 'select':
      registersOf(expr.condition, visit);
      registersOf(expr.taken, visit);
      registersOf(expr.otherwise, visit);
  }
}

function operandValue(operand: Operand, state: ArrayLike<number>): number {
  return operand.kind === 'value' ? operand.value : (state[operand.index] ?? 0);
}

/** Whether a proposition holds of a final state, given as the values of the program's `observed`. */
export function holds(proposition: Proposition, state: ArrayLike<number>): boolean {
  switch (proposition.kind) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'equal':
      return operandValue(proposition.left, state) === operandValue(proposition.right, state);
    case 'not':
      return !holds(proposition.operand, state);
    case 'and':
      return holds(proposition.left, state) && holds(proposition.right, state);
    case 'or':
      return holds(proposition.left, state) || holds(proposition.right, state);
  }
}
