// Questions about the syntax of a process that its lowering asks.

import type { CExpr, CStatement } from './syntax.ts';

/** Calls `visit` with every expression of a list of statements, not descending into them. */
export function eachExpression(
  statements: readonly CStatement[],
  visit: (expr: CExpr, target: CExpr | null) => void,
): void {
  for (const s of statements) {
    switch (s.kind) {
      case 'declare':
        if (s.value !== null) visit(s.value, { kind: 'name', at: s.at, name: s.name });
        break;
      case 'assign':
        visit(s.value, s.target);
        break;
      case 'expression':
        visit(s.value, null);
        break;
      case 'if':
        visit(s.condition, null);
        eachExpression(s.taken, visit);
        eachExpression(s.otherwise, visit);
        break;
      case 'while':
        visit(s.condition, null);
        eachExpression(s.body, visit);
        break;
    }
  }
}

/** Adds the names that a list of statements declares or assigns. */
export function declaredNames(statements: readonly CStatement[], into: Set<string>): void {
  for (const s of statements) {
    if (s.kind === 'declare') into.add(s.name);
    else if (s.kind === 'assign' && s.target.kind === 'name') into.add(s.target.name);
    else if (s.kind === 'if') {
      declaredNames(s.taken, into);
      declaredNames(s.otherwise, into);
    } else if (s.kind === 'while') declaredNames(s.body, into);
  }
}

/** Whether evaluating an expression touches memory. */
export function touchesMemory(expr: CExpr): boolean {
  switch (expr.kind) {
    case 'number':
    case 'name':
      return false;
    case 'unary':
      return expr.op === '*' || touchesMemory(expr.operand);
    case 'binary':
      return touchesMemory(expr.left) || touchesMemory(expr.right);
    case 'select':
      return touchesMemory(expr.condition) || touchesMemory(expr.taken) || touchesMemory(expr.otherwise);
    case 'call':
      return true;
  }
}

/** Adds the names in an expression. */
export function namesOf(expr: CExpr, into: Set<string>): void {
  switch (expr.kind) {
    case 'number':
      return;
    case 'name':
      into.add(expr.name);
      return;
    case 'unary':
      namesOf(expr.operand, into);
      return;
    case 'binary':
      namesOf(expr.left, into);
      namesOf(expr.right, into);
      return;
    case 'select':
      namesOf(expr.condition, into);
      namesOf(expr.taken, into);
      namesOf(expr.otherwise, into);
      return;
    case 'call':
      for (const arg of expr.args) namesOf(arg, into);
  }
}
