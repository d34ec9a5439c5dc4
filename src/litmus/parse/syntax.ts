// The syntax tree of a litmus file, before names and primitives get their meaning (lower.ts).

import type { BinaryOperator, Position } from '../program.ts';

export type CExpr =
  | { readonly kind: 'number'; readonly at: Position; readonly value: number }
  | { readonly kind: 'name'; readonly at: Position; readonly name: string }
  | {
      readonly kind: 'unary';
      readonly at: Position;
      readonly op: '!' | '~' | '-' | '+' | '*' | '&';
      readonly operand: CExpr;
    }
  | {
      readonly kind: 'binary';
      readonly at: Position;
      readonly op: BinaryOperator;
      readonly left: CExpr;
      readonly right: CExpr;
    }
  | {
      readonly kind: 'select';
      readonly at: Position;
      readonly condition: CExpr;
      readonly taken: CExpr;
      readonly otherwise: CExpr;
    }
  | { readonly kind: 'call'; readonly at: Position; readonly name: string; readonly args: readonly CExpr[] };

export type CStatement =
  | { readonly kind: 'declare'; readonly at: Position; readonly name: string; readonly value: CExpr | null }
  | {
      readonly kind: 'assign';
      readonly at: Position;
      readonly target: CExpr;
      /** The operator of `+=` and its like, null for `=`. */
      readonly op: BinaryOperator | null;
      readonly value: CExpr;
    }
  | { readonly kind: 'expression'; readonly at: Position; readonly value: CExpr }
  | {
      readonly kind: 'if';
      readonly at: Position;
      readonly condition: CExpr;
      readonly taken: readonly CStatement[];
      readonly otherwise: readonly CStatement[];
    }
  | {
      /** `for` is written as `init; while (condition) { body; step }`; `do` has `first` true. */
      readonly kind: 'while';
      readonly at: Position;
      readonly condition: CExpr;
      readonly body: readonly CStatement[];
      readonly first: boolean;
    };

export interface CParameter {
  readonly at: Position;
  readonly type: string;
  readonly name: string;
}

export interface CProcess {
  readonly at: Position;
  readonly index: number;
  readonly parameters: readonly CParameter[];
  readonly body: readonly CStatement[];
}

/** One entry of the initial state; `process` is -1 for a memory location. */
export interface CInit {
  readonly at: Position;
  readonly process: number;
  readonly type: string;
  readonly name: string;
  readonly value: CExpr | null;
}

/** A variable of a condition: `process` is -1 for a memory location or the name of one used as a value. */
export interface CVariable {
  readonly at: Position;
  readonly process: number;
  readonly name: string;
}

export type CValue =
  | { readonly kind: 'variable'; readonly variable: CVariable }
  | { readonly kind: 'number'; readonly at: Position; readonly value: number };

export type CProposition =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'compare'; readonly equal: boolean; readonly left: CVariable; readonly right: CValue }
  | { readonly kind: 'not'; readonly operand: CProposition }
  | { readonly kind: 'and' | 'or' | 'implies'; readonly left: CProposition; readonly right: CProposition };

export interface CLitmus {
  readonly init: readonly CInit[];
  readonly processes: readonly CProcess[];
  readonly filter: CProposition | null;
  readonly locations: readonly CVariable[];
  readonly quantifier: 'exists' | 'not-exists' | 'forall';
  readonly condition: CProposition;
}
