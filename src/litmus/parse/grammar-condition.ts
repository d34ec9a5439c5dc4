// What a litmus test asks of the final state: propositions over variables, in `exists`, `forall` and `filter`.

import { at } from './grammar-expression.ts';
import { StatementGrammar } from './grammar-statement.ts';
import type { CProposition, CValue, CVariable } from './syntax.ts';
import * as t from './tokens.ts';

/** The part of the grammar for conditions; see grammar.ts. */
export abstract class ConditionGrammar extends StatementGrammar {
  protected readonly proposition = this.RULE('proposition', (): CProposition => {
    let left = this.SUBRULE(this.disjunction);
    this.OPTION(() => {
      this.CONSUME(t.Implies);
      const right = this.SUBRULE(this.proposition);
      left = { kind: 'implies', left, right };
    });
    return left;
  });

  protected readonly disjunction = this.RULE('disjunction', (): CProposition => {
    let left = this.SUBRULE(this.conjunction);
    this.MANY(() => {
      this.CONSUME(t.Or);
      const right = this.SUBRULE1(this.conjunction);
      left = { kind: 'or', left, right };
    });
    return left;
  });

  protected readonly conjunction = this.RULE('conjunction', (): CProposition => {
    let left = this.SUBRULE(this.atom);
    this.MANY(() => {
      this.CONSUME(t.And);
      const right = this.SUBRULE1(this.atom);
      left = { kind: 'and', left, right };
    });
    return left;
  });

  protected readonly atom = this.RULE(
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

  protected readonly value = this.RULE('value', (): CValue => {
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
  protected readonly variable = this.RULE('variable', (): CVariable => {
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
