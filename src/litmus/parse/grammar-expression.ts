// Types and expressions of the C litmus format, and how operators bind.

import { EmbeddedActionsParser, type IToken } from 'chevrotain';
import type { BinaryOperator, Position } from '../program.ts';
import type { CExpr } from './syntax.ts';
import * as t from './tokens.ts';

const precedence: Record<BinaryOperator, number> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '<=': 7,
  '>': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

function isOperator(image: string): image is BinaryOperator {
  return Object.hasOwn(precedence, image);
}

export function operator(image: string): BinaryOperator {
  return isOperator(image) ? image : '+';
}

export function at(token: IToken): Position {
  return { line: token.startLine ?? 0, column: token.startColumn ?? 0 };
}

/** Builds the tree of `a op b op c...` by precedence, all operators left-associative. */
function climb(operands: readonly CExpr[], ops: readonly BinaryOperator[]): CExpr {
  const values: CExpr[] = [];
  const pending: BinaryOperator[] = [];
  const reduce = () => {
    const right = values.pop();
    const left = values.pop();
    const op = pending.pop();
    if (left !== undefined && right !== undefined && op !== undefined)
      values.push({ kind: 'binary', at: left.at, op, left, right });
  };
  operands.forEach((operand, i) => {
    const op = ops[i - 1];
    if (op !== undefined) {
      for (
        let top = pending.at(-1);
        top !== undefined && precedence[top] >= precedence[op];
        top = pending.at(-1)
      )
        reduce();
      pending.push(op);
    }
    values.push(operand);
  });
  while (pending.length > 0) reduce();
  return values[0] ?? { kind: 'number', at: { line: 0, column: 0 }, value: 0 };
}

/** The part of the grammar below statements; see grammar.ts. */
export abstract class ExpressionGrammar extends EmbeddedActionsParser {
  constructor() {
    super(t.allTokens, { maxLookahead: 2 });
  }

  /** A type with its stars, as text without blanks. */
  protected readonly type = this.RULE('type', (): string => {
    const words: string[] = [];
    this.AT_LEAST_ONE(() => {
      this.OR([
        { ALT: () => words.push(this.CONSUME(t.TypeWord).image) },
        {
          ALT: () => {
            this.CONSUME(t.Struct);
            words.push(`struct ${this.CONSUME(t.Name).image}`);
          },
        },
      ]);
    });
    this.MANY(() => {
      this.OR1([
        { ALT: () => words.push(this.CONSUME(t.Star).image) },
        { ALT: () => this.CONSUME1(t.TypeWord) }, // "int *const p"
      ]);
    });
    return words.join(' ');
  });

  protected readonly expression = this.RULE('expression', (): CExpr => {
    const operands: CExpr[] = [this.SUBRULE(this.prefix)];
    const ops: BinaryOperator[] = [];
    this.MANY(() => {
      const op = this.CONSUME(t.Binary);
      ops.push(operator(op.image));
      operands.push(this.SUBRULE1(this.prefix));
    });
    let result = this.ACTION(() => climb(operands, ops));
    this.OPTION(() => {
      this.CONSUME(t.Question);
      const taken = this.SUBRULE2(this.expression);
      this.CONSUME(t.Colon);
      const otherwise = this.SUBRULE3(this.expression);
      this.ACTION(() => {
        result = { kind: 'select', at: result.at, condition: result, taken, otherwise };
      });
    });
    return result;
  });

  protected readonly prefix = this.RULE(
    'prefix',
    (): CExpr =>
      this.OR([
        {
          ALT: (): CExpr => {
            const op = this.CONSUME(t.Prefix);
            const operand = this.SUBRULE(this.prefix);
            return this.ACTION((): CExpr => {
              const image = op.image;
              if (image === '!' || image === '~' || image === '-' || image === '*' || image === '&')
                return { kind: 'unary', at: at(op), op: image, operand };
              return operand;
            });
          },
        },
        {
          // a cast changes nothing here: all values are integers
          ALT: (): CExpr => {
            this.CONSUME(t.LParen);
            this.SUBRULE(this.type);
            this.CONSUME(t.RParen);
            return this.SUBRULE1(this.prefix);
          },
        },
        {
          ALT: (): CExpr => {
            this.CONSUME1(t.LParen);
            const inner = this.SUBRULE(this.expression);
            this.CONSUME1(t.RParen);
            return inner;
          },
        },
        {
          ALT: (): CExpr => {
            const token = this.CONSUME(t.Integer);
            return {
              kind: 'number',
              at: at(token),
              value: Number.parseInt(token.image, token.image[1] === 'x' ? 16 : 10),
            };
          },
        },
        { ALT: (): CExpr => this.SUBRULE(this.nameOrCall) },
      ]),
  );

  protected readonly nameOrCall = this.RULE('nameOrCall', (): CExpr => {
    const token = this.CONSUME(t.Name);
    let result: CExpr = { kind: 'name', at: at(token), name: token.image };
    this.OPTION(() => {
      const args: CExpr[] = [];
      this.CONSUME(t.LParen);
      this.MANY_SEP({ SEP: t.Comma, DEF: () => args.push(this.SUBRULE(this.expression)) });
      this.CONSUME(t.RParen);
      result = { kind: 'call', at: at(token), name: token.image, args };
    });
    return result;
  });
}
