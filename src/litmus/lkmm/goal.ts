// Goals: a search for a final state with a property can leave out every trace whose registers already exclude it.
// So a verdict can be exhausted where the set of all states is too large to list.

import type { Operand, Proposition } from '../program.ts';

/** `observed[index]` is (or is not) `value`. */
export interface Literal {
  readonly index: number;
  readonly value: number;
  readonly equal: boolean;
}

const termLimit = 1024;

/**
 * A proposition (or its negation) as alternatives, each a list of literals that any state satisfying it has; what no
 * literal can say is left out, so an alternative is necessary and not sufficient. Null when there are too many.
 */
export function alternatives(proposition: Proposition, negated: boolean): Literal[][] | null {
  switch (proposition.kind) {
    case 'true':
      return negated ? [] : [[]];
    case 'false':
      return negated ? [[]] : [];
    case 'not':
      return alternatives(proposition.operand, !negated);
    case 'equal': {
      const literal =
        literalOf(proposition.left, proposition.right) ?? literalOf(proposition.right, proposition.left);
      return [literal === null ? [] : [{ ...literal, equal: !negated }]];
    }
    default: {
      const left = alternatives(proposition.left, negated);
      const right = alternatives(proposition.right, negated);
      if (left === null || right === null) return null;
      const either = (proposition.kind === 'or') !== negated;
      if (either) return left.length + right.length > termLimit ? null : [...left, ...right];
      if (left.length * right.length > termLimit) return null;
      return left.flatMap(a => right.map(b => [...a, ...b]));
    }
  }
}

function literalOf(a: Operand, b: Operand): Literal | null {
  if (a.kind !== 'observable' || b.kind !== 'value') return null;
  return { index: a.index, value: b.value, equal: true };
}

/** The rows of a process whose observed registers agree with the literals; `indices` are theirs in the state. */
export function agreeing(
  registers: readonly (readonly number[])[],
  indices: readonly number[],
  literals: readonly Literal[],
): number[] {
  const rows: number[] = [];
  registers.forEach((values, row) => {
    const fits = literals.every(({ index, value, equal }) => {
      const k = indices.indexOf(index);
      return k < 0 || (values[k] === value) === equal;
    });
    if (fits) rows.push(row);
  });
  return rows;
}
