// The grammar of the C litmus format (herd's documentation, "Litmus test format", and the kernel's
// tools/memory-model/README), written with chevrotain; embedded actions build the tree of syntax.ts. It is one parser in
// layers: expressions, statements, conditions, and here the test as a whole.

import { ConditionGrammar } from './grammar-condition.ts';
import { at } from './grammar-expression.ts';
import type { CExpr, CInit, CLitmus, CParameter, CProcess, CProposition, CVariable } from './syntax.ts';
import * as t from './tokens.ts';

class LitmusGrammar extends ConditionGrammar {
  constructor() {
    super();
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

  protected readonly initState = this.RULE('initState', (): CInit[] => {
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

  protected readonly initEntry = this.RULE('initEntry', (): CInit => {
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

  protected readonly process = this.RULE('process', (): CProcess => {
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
}

/** The one parser; set `input` to tokens, call `litmus()`, then read `errors`. */
export const litmusGrammar = new LitmusGrammar();
