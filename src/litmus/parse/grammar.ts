// The grammar of the C litmus format (herd's documentation, "Litmus test format", and the kernel's
// tools/memory-model/README), written with chevrotain; embedded actions build the tree of syntax.ts.

import { EmbeddedActionsParser, type IToken } from 'chevrotain';
import type { BinaryOperator, Position } from '../program.ts';
import type {
  CExpr,
  CInit,
  CLitmus,
  CParameter,
  CProcess,
  CProposition,
  CStatement,
  CValue,
  CVariable,
} from './syntax.ts';
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

function operator(image: string): BinaryOperator {
  return isOperator(image) ? image : '+';
}

function at(token: IToken): Position {
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

class LitmusGrammar extends EmbeddedActionsParser {
  constructor() {
    super(t.allTokens, { maxLookahead: 2 });
    this.performSelfAnalysis();
  }

  readonly litmus = this.RULE('litmus', (): CLitmus => {
    const init = this.SUBRULE(this.initState);
    const processes: CProcess[] = [];
    this.AT_LEAST_ONE(() => {
      processes.push(this.SUBRULE(this.process));
    });
    let filter: CProposition | null = null;
    const locations: CVariable[] = [];
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(t.Filter);
            filter = this.SUBRULE(this.proposition);
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.Locations);
            this.CONSUME(t.LBracket);
            this.MANY1(() => {
              this.OR1([
                { ALT: () => locations.push(this.SUBRULE(this.variable)) },
                { ALT: () => this.CONSUME(t.Semicolon) },
              ]);
            });
            this.CONSUME(t.RBracket);
          },
        },
      ]);
    });
    const quantifier = this.OR2([
      {
        ALT: (): CLitmus['quantifier'] => {
          this.CONSUME(t.Exists);
          return 'exists';
        },
      },
      {
        ALT: (): CLitmus['quantifier'] => {
          this.OR3([{ ALT: () => this.CONSUME(t.Tilde) }, { ALT: () => this.CONSUME(t.Not) }]);
          this.CONSUME1(t.Exists);
          return 'not-exists';
        },
      },
      {
        ALT: (): CLitmus['quantifier'] => {
          this.CONSUME(t.Forall);
          return 'forall';
        },
      },
    ]);
    const condition = this.SUBRULE1(this.proposition);
    return { init, processes, filter, locations, quantifier, condition };
  });

  private readonly initState = this.RULE('initState', (): CInit[] => {
    const entries: CInit[] = [];
    this.CONSUME(t.LBrace);
    this.MANY(() => {
      this.OR([
        { ALT: () => entries.push(this.SUBRULE(this.initEntry)) },
        { ALT: () => this.CONSUME(t.Semicolon) },
      ]);
    });
    this.CONSUME(t.RBrace);
    return entries;
  });

  private readonly initEntry = this.RULE('initEntry', (): CInit => {
    let type = '';
    this.OPTION(() => {
      type = this.SUBRULE(this.type);
    });
    let process = -1;
    this.OPTION1(() => {
      process = Number.parseInt(this.CONSUME(t.Integer).image, 10);
      this.CONSUME(t.Colon);
      this.OPTION2(() => {
        type = this.SUBRULE1(this.type);
      });
    });
    const name = this.OR([
      { ALT: () => this.CONSUME(t.Name) },
      {
        ALT: () => {
          this.CONSUME(t.LBracket);
          const inner = this.CONSUME1(t.Name);
          this.CONSUME(t.RBracket);
          return inner;
        },
      },
    ]);
    let value: CExpr | null = null;
    this.OPTION3(() => {
      this.CONSUME(t.Assign);
      value = this.SUBRULE(this.expression);
    });
    return { at: at(name), process, type, name: name.image, value };
  });

  /** A type with its stars, as text without blanks. */
  private readonly type = this.RULE('type', (): string => {
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

  private readonly process = this.RULE('process', (): CProcess => {
    const name = this.CONSUME(t.Name);
    this.CONSUME(t.LParen);
    const parameters: CParameter[] = [];
    this.MANY_SEP({
      SEP: t.Comma,
      DEF: () => {
        const type = this.SUBRULE(this.type);
        // `void` alone is an empty parameter list
        this.OPTION(() => {
          const parameter = this.CONSUME1(t.Name);
          parameters.push({ at: at(parameter), type, name: parameter.image });
        });
      },
    });
    this.CONSUME(t.RParen);
    const body = this.SUBRULE(this.block);
    return { at: at(name), index: Number.parseInt(name.image.slice(1), 10), parameters, body };
  });

  private readonly block = this.RULE('block', (): CStatement[] => {
    const body: CStatement[] = [];
    this.CONSUME(t.LBrace);
    this.MANY(() => {
      const statements = this.SUBRULE(this.statement);
      this.ACTION(() => body.push(...statements));
    });
    this.CONSUME(t.RBrace);
    return body;
  });

  private readonly statement = this.RULE('statement', (): CStatement[] =>
    this.OR([
      { ALT: () => this.SUBRULE(this.block) },
      {
        ALT: () => {
          this.CONSUME(t.Semicolon);
          return [];
        },
      },
      { ALT: () => this.SUBRULE(this.ifStatement) },
      { ALT: () => this.SUBRULE(this.whileStatement) },
      { ALT: () => this.SUBRULE(this.doStatement) },
      { ALT: () => this.SUBRULE(this.forStatement) },
      {
        ALT: () => {
          const declared = this.SUBRULE(this.declaration);
          this.CONSUME1(t.Semicolon);
          return declared;
        },
      },
      {
        ALT: () => {
          const simple = this.SUBRULE(this.simple);
          this.CONSUME2(t.Semicolon);
          return [simple];
        },
      },
    ]),
  );

  private readonly declaration = this.RULE('declaration', (): CStatement[] => {
    const declared: CStatement[] = [];
    this.SUBRULE(this.type);
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => {
        this.MANY(() => this.CONSUME(t.Star));
        const name = this.CONSUME(t.Name);
        let value: CExpr | null = null;
        this.OPTION(() => {
          this.CONSUME(t.Assign);
          value = this.SUBRULE(this.expression);
        });
        declared.push({ kind: 'declare', at: at(name), name: name.image, value });
      },
    });
    return declared;
  });

  /** An assignment, an increment or a call. */
  private readonly simple = this.RULE('simple', (): CStatement => {
    const target = this.SUBRULE(this.expression);
    let result: CStatement = { kind: 'expression', at: target.at, value: target };
    this.OPTION(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(t.Assign);
            const value = this.SUBRULE1(this.expression);
            result = { kind: 'assign', at: target.at, target, op: null, value };
          },
        },
        {
          ALT: () => {
            const op = operator(this.CONSUME(t.AssignOp).image.slice(0, -1));
            const value = this.SUBRULE2(this.expression);
            result = { kind: 'assign', at: target.at, target, op, value };
          },
        },
        {
          ALT: () => {
            const op = operator(this.CONSUME(t.Increment).image.slice(1));
            result = {
              kind: 'assign',
              at: target.at,
              target,
              op,
              value: { kind: 'number', at: target.at, value: 1 },
            };
          },
        },
      ]);
    });
    return result;
  });

  private readonly ifStatement = this.RULE('ifStatement', (): CStatement[] => {
    const start = this.CONSUME(t.If);
    this.CONSUME(t.LParen);
    const condition = this.SUBRULE(this.expression);
    this.CONSUME(t.RParen);
    const taken = this.SUBRULE(this.statement);
    let otherwise: CStatement[] = [];
    this.OPTION(() => {
      this.CONSUME(t.Else);
      otherwise = this.SUBRULE1(this.statement);
    });
    return [{ kind: 'if', at: at(start), condition, taken, otherwise }];
  });

  private readonly whileStatement = this.RULE('whileStatement', (): CStatement[] => {
    const start = this.CONSUME(t.While);
    this.CONSUME(t.LParen);
    const condition = this.SUBRULE(this.expression);
    this.CONSUME(t.RParen);
    const body = this.SUBRULE(this.statement);
    return [{ kind: 'while', at: at(start), condition, body, first: false }];
  });

  private readonly doStatement = this.RULE('doStatement', (): CStatement[] => {
    const start = this.CONSUME(t.Do);
    const body = this.SUBRULE(this.statement);
    this.CONSUME(t.While);
    this.CONSUME(t.LParen);
    const condition = this.SUBRULE(this.expression);
    this.CONSUME(t.RParen);
    this.CONSUME(t.Semicolon);
    return [{ kind: 'while', at: at(start), condition, body, first: true }];
  });

  private readonly forStatement = this.RULE('forStatement', (): CStatement[] => {
    const start = this.CONSUME(t.For);
    const before: CStatement[] = [];
    const step: CStatement[] = [];
    let condition: CExpr = { kind: 'number', at: at(start), value: 1 };
    this.CONSUME(t.LParen);
    this.OPTION(() => {
      this.OR([
        {
          ALT: () => {
            const declared = this.SUBRULE(this.declaration);
            this.ACTION(() => before.push(...declared));
          },
        },
        { ALT: () => before.push(this.SUBRULE(this.simple)) },
      ]);
    });
    this.CONSUME(t.Semicolon);
    this.OPTION1(() => {
      condition = this.SUBRULE(this.expression);
    });
    this.CONSUME1(t.Semicolon);
    this.OPTION2(() => {
      step.push(this.SUBRULE1(this.simple));
    });
    this.CONSUME(t.RParen);
    const body = this.SUBRULE(this.statement);
    return this.ACTION((): CStatement[] => [
      ...before,
      { kind: 'while', at: at(start), condition, body: [...body, ...step], first: false },
    ]);
  });

  private readonly expression = this.RULE('expression', (): CExpr => {
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

  private readonly prefix = this.RULE(
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

  private readonly nameOrCall = this.RULE('nameOrCall', (): CExpr => {
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

  private readonly proposition = this.RULE('proposition', (): CProposition => {
    let left = this.SUBRULE(this.disjunction);
    this.OPTION(() => {
      this.CONSUME(t.Implies);
      const right = this.SUBRULE(this.proposition);
      left = { kind: 'implies', left, right };
    });
    return left;
  });

  private readonly disjunction = this.RULE('disjunction', (): CProposition => {
    let left = this.SUBRULE(this.conjunction);
    this.MANY(() => {
      this.CONSUME(t.Or);
      const right = this.SUBRULE1(this.conjunction);
      left = { kind: 'or', left, right };
    });
    return left;
  });

  private readonly conjunction = this.RULE('conjunction', (): CProposition => {
    let left = this.SUBRULE(this.atom);
    this.MANY(() => {
      this.CONSUME(t.And);
      const right = this.SUBRULE1(this.atom);
      left = { kind: 'and', left, right };
    });
    return left;
  });

  private readonly atom = this.RULE(
    'atom',
    (): CProposition =>
      this.OR([
        {
          ALT: (): CProposition => {
            this.OR1([{ ALT: () => this.CONSUME(t.Tilde) }, { ALT: () => this.CONSUME(t.Not) }]);
            return { kind: 'not', operand: this.SUBRULE(this.atom) };
          },
        },
        {
          ALT: (): CProposition => {
            this.CONSUME(t.LParen);
            const inner = this.SUBRULE(this.proposition);
            this.CONSUME(t.RParen);
            return inner;
          },
        },
        {
          ALT: (): CProposition => {
            this.CONSUME(t.True);
            return { kind: 'constant', value: true };
          },
        },
        {
          ALT: (): CProposition => {
            this.CONSUME(t.False);
            return { kind: 'constant', value: false };
          },
        },
        {
          ALT: (): CProposition => {
            const left = this.SUBRULE(this.variable);
            let equal = true;
            this.OR2([
              { ALT: () => this.CONSUME(t.Assign) },
              {
                ALT: () => {
                  equal = this.CONSUME(t.InfixOp).image === '==';
                },
              },
            ]);
            const right = this.SUBRULE(this.value);
            return { kind: 'compare', equal, left, right };
          },
        },
      ]),
  );

  private readonly value = this.RULE('value', (): CValue => {
    let sign = 1;
    return this.OR([
      {
        ALT: (): CValue => {
          this.OPTION(() => {
            this.CONSUME(t.Minus);
            sign = -1;
          });
          const token = this.CONSUME(t.Integer);
          const number = Number.parseInt(token.image, token.image[1] === 'x' ? 16 : 10);
          return { kind: 'number', at: at(token), value: sign * number };
        },
        // `1:r0` is a variable
        GATE: () => this.LA(2).tokenType !== t.Colon,
      },
      {
        ALT: (): CValue => {
          this.OPTION1(() => this.CONSUME(t.Amp));
          return { kind: 'variable', variable: this.SUBRULE(this.variable) };
        },
      },
    ]);
  });

  /** `0:r1`, `x`, `[x]`, `*x`. */
  private readonly variable = this.RULE('variable', (): CVariable => {
    let process = -1;
    this.OPTION(() => this.SUBRULE(this.type));
    return this.OR([
      {
        ALT: (): CVariable => {
          process = Number.parseInt(this.CONSUME(t.Integer).image, 10);
          this.CONSUME(t.Colon);
          const token = this.CONSUME(t.Name);
          return { at: at(token), process, name: token.image };
        },
      },
      {
        ALT: (): CVariable => {
          this.CONSUME(t.LBracket);
          const token = this.CONSUME1(t.Name);
          this.CONSUME(t.RBracket);
          return { at: at(token), process, name: token.image };
        },
      },
      {
        ALT: (): CVariable => {
          this.MANY(() => this.CONSUME(t.Star));
          const token = this.CONSUME2(t.Name);
          return { at: at(token), process, name: token.image };
        },
      },
    ]);
  });
}

/** The one parser; set `input` to tokens, call `litmus()`, then read `errors`. */
export const litmusGrammar = new LitmusGrammar();
