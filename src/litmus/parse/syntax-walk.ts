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
  if (expr.kind === 'call' || (expr.kind === 'unary' && expr.op === '*')) return true;
  return partsOf(expr).some(touchesMemory);
}

/** Adds the names in an expression. */
export function namesOf(expr: CExpr, into: Set<string>): void {
  if (expr.kind === 'name') into.add(expr.name);
  for (const part of partsOf(expr)) namesOf(part, into);
}

/** The expressions that an expression is made of. */
function partsOf(expr: CExpr): readonly CExpr[] {
  switch (expr.kind) {
    case 'number':
    case 'name':
      return [];
    case 'unary':
      return [expr.operand];
    case 'binary':
      return [expr.left, expr.right];
    case 'select':
      return [expr.condition, expr.taken, expr.otherwise];
    case 'call':
      return expr.args;
  }
}
