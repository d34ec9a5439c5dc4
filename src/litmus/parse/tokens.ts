// Tokens of the litmus format, for chevrotain.

import { createToken, Lexer, type TokenType } from 'chevrotain';

export const Name = createToken({ name: 'Name', pattern: /[A-Za-z_]\w*/ });
export const Integer = createToken({ name: 'Integer', pattern: /0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*/ });

/** Words that start a type; `struct` is followed by a name. */
export const TypeWord = createToken({
  name: 'TypeWord',
  pattern:
    /(?:int|intptr_t|uintptr_t|long|short|char|unsigned|signed|void|volatile|const|size_t|bool|_Bool|atomic_t|atomic64_t|atomic_long_t|spinlock_t|raw_spinlock_t|rwlock_t|u8|u16|u32|u64|s8|s16|s32|s64|(?:u?int(?:8|16|32|64)_t))\b/,
  longer_alt: Name,
});

function keyword(word: string): TokenType {
  return createToken({ name: word, pattern: word, longer_alt: Name });
}
export const Struct = keyword('struct');
export const If = keyword('if');
export const Else = keyword('else');
export const While = keyword('while');
export const For = keyword('for');
export const Do = keyword('do');
export const Exists = keyword('exists');
export const Forall = keyword('forall');
export const Filter = keyword('filter');
export const Locations = keyword('locations');
export const Not = keyword('not');
export const True = keyword('true');
export const False = keyword('false');
/** Parsed nowhere: met, they are reported by name. */
export const Goto = keyword('goto');
export const Return = keyword('return');
export const Switch = keyword('switch');
export const Break = keyword('break');
export const Continue = keyword('continue');

/** Categories: what may stand between two operands, and what before one. */
export const Binary = createToken({ name: 'Binary', pattern: Lexer.NA });
export const Prefix = createToken({ name: 'Prefix', pattern: Lexer.NA });

function symbol(name: string, pattern: string | RegExp, categories: TokenType[] = []): TokenType {
  return createToken({ name, pattern, categories });
}
export const And = symbol('And', '/\\');
export const Or = symbol('Or', '\\/');
export const Implies = symbol('Implies', '=>');
export const AssignOp = symbol('AssignOp', /(?:<<|>>|[-+*/%&|^])=(?!=)/);
export const Increment = symbol('Increment', /\+\+|--/);
export const Arrow = symbol('Arrow', '->');
/** Binary operators that are nothing else. */
export const InfixOp = symbol('InfixOp', /<<|>>|<=|>=|==|!=|&&|\|\||[/%|^<>]/, [Binary]);
export const Plus = symbol('Plus', '+', [Binary, Prefix]);
export const Minus = symbol('Minus', '-', [Binary, Prefix]);
export const Star = symbol('Star', '*', [Binary, Prefix]);
export const Amp = symbol('Amp', '&', [Binary, Prefix]);
export const Bang = symbol('Bang', '!', [Prefix]);
export const Tilde = symbol('Tilde', '~', [Prefix]);
export const Assign = symbol('Assign', '=');
export const Question = symbol('Question', '?');
export const Colon = symbol('Colon', ':');
export const Semicolon = symbol('Semicolon', ';');
export const Comma = symbol('Comma', ',');
export const Dot = symbol('Dot', '.');
export const LParen = symbol('LParen', '(');
export const RParen = symbol('RParen', ')');
export const LBrace = symbol('LBrace', '{');
export const RBrace = symbol('RBrace', '}');
export const LBracket = symbol('LBracket', '[');
export const RBracket = symbol('RBracket', ']');
const Blank = createToken({ name: 'Blank', pattern: /\s+/, group: Lexer.SKIPPED, line_breaks: true });

export const allTokens: TokenType[] = [
  Blank,
  Binary,
  Prefix,
  Integer,
  TypeWord,
  Struct,
  // before `for`, of which it is no longer name
  Forall,
  If,
  Else,
  While,
  For,
  Do,
  Exists,
  Filter,
  Locations,
  Not,
  True,
  False,
  Goto,
  Return,
  Switch,
  Break,
  Continue,
  Name,
  And,
  Or,
  Implies,
  Arrow,
  Increment,
  AssignOp,
  InfixOp,
  Plus,
  Minus,
  Star,
  Amp,
  Bang,
  Tilde,
  Assign,
  Question,
  Colon,
  Semicolon,
  Comma,
  Dot,
  LParen,
  RParen,
  LBrace,
  RBrace,
  LBracket,
  RBracket,
];

export const litmusLexer = new Lexer(allTokens, { ensureOptimizations: false });
