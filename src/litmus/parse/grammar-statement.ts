// Statements of the C litmus format.

import { at, ExpressionGrammar, operator } from './grammar-expression.ts';
import type { CExpr, CStatement } from './syntax.ts';
import * as t from './tokens.ts';

/** The part of the grammar between expressions and processes; see grammar.ts. */
export abstract class StatementGrammar extends ExpressionGrammar {
  protected readonly block = this.RULE('block', (): CStatement[] => {
    const body: CStatement[] = [];
    this.CONSUME(t.LBrace);
    this.MANY(() => {
      const statements = this.SUBRULE(this.statement);
      this.ACTION(() => body.push(...statements));
    });
    this.CONSUME(t.RBrace);
    return body;
  });

  protected readonly statement = this.RULE('statement', (): CStatement[] =>
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

  protected readonly declaration = this.RULE('declaration', (): CStatement[] => {
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
  protected readonly simple = this.RULE('simple', (): CStatement => {
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

  protected readonly ifStatement = this.RULE('ifStatement', (): CStatement[] => {
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

  protected readonly whileStatement = this.RULE('whileStatement', (): CStatement[] => {
    const start = this.CONSUME(t.While);
    this.CONSUME(t.LParen);
    const condition = this.SUBRULE(this.expression);
    this.CONSUME(t.RParen);
    const body = this.SUBRULE(this.statement);
    return [{ kind: 'while', at: at(start), condition, body, first: false }];
  });

  protected readonly doStatement = this.RULE('doStatement', (): CStatement[] => {
    const start = this.CONSUME(t.Do);
    const body = this.SUBRULE(this.statement);
    this.CONSUME(t.While);
    this.CONSUME(t.LParen);
    const condition = this.SUBRULE(this.expression);
    this.CONSUME(t.RParen);
    this.CONSUME(t.Semicolon);
    return [{ kind: 'while', at: at(start), condition, body, first: true }];
  });

  protected readonly forStatement = this.RULE('forStatement', (): CStatement[] => {
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
}
