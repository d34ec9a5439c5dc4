// Takes a generator function of a model apart: into steps in which every `yield` stands alone, so that code without
// generators can be written from them (scripts/frames.mjs). Expressions around a `yield` are split in the order in which
// they are evaluated, into temporaries ($t1, $t2, ...).
import { ancestor, simple } from 'acorn-walk';

/** The function holds something that this cannot take apart. */
export class Unsupported extends Error {}

export const isFunction = node => /Function/.test(node.type);

/** Whether a node yields, not counting functions inside it. */
export function containsYield(node) {
  let found = false;
  ancestor(node, {
    YieldExpression(_node, _state, ancestors) {
      if (!ancestors.some((one, i) => i > 0 && isFunction(one))) found = true;
    },
  });
  return found;
}

/** The CPU of a described access, as code: that whose site is set with it. */
export function cpuOf(access, code) {
  const site = access?.type === 'SequenceExpression' ? access.expressions[0].left : undefined;
  if (site?.type === 'MemberExpression' && site.property.name === 'site')
    return code.slice(site.object.start, site.object.end);
  const at = access?.type === 'CallExpression' ? access.arguments.at(-1)?.callee : undefined;
  if (at?.type === 'MemberExpression' && at.property.name === 'at')
    return code.slice(at.object.start, at.object.end);
  return undefined;
}

/** The names of a function's parameters, which are plain or have a default. */
export function parameterNames(fn) {
  return fn.params.map(one => {
    const id = one.type === 'AssignmentPattern' ? one.left : one;
    if (id.type !== 'Identifier') throw new Unsupported('a parameter that is a pattern');
    return id.name;
  });
}

/**
 * What a generator function yields as its very last act, as [yield expression, statement around it]: nothing of the
 * function runs after it, and nothing there catches what it throws.
 */
export function* lastYields(statement, isLast = true) {
  switch (statement?.type) {
    case 'BlockStatement':
      yield* lastYieldsOf(statement.body, isLast);
      break;
    case 'IfStatement':
      yield* lastYields(statement.consequent, isLast);
      yield* lastYields(statement.alternate, isLast);
      break;
    case 'SwitchStatement':
      for (const { consequent } of statement.cases) {
        const leaves = consequent.at(-1)?.type === 'BreakStatement';
        yield* lastYieldsOf(leaves ? consequent.slice(0, -1) : consequent, isLast && leaves);
      }
      break;
    case 'ReturnStatement':
      if (statement.argument?.type === 'YieldExpression') yield [statement.argument, statement];
      break;
    case 'ExpressionStatement':
      if (isLast && statement.expression.type === 'YieldExpression') yield [statement.expression, statement];
  }
}

function* lastYieldsOf(statements, isLast) {
  for (const [i, statement] of statements.entries()) {
    const next = statements[i + 1];
    const returns = next?.type === 'ReturnStatement' && next.argument === null;
    yield* lastYields(statement, next === undefined ? isLast : returns);
  }
}

/**
 * The steps of a generator function. Each has the `line` that it stands on and the numbers of the last suspension within
 * (`until`, 0 if there is none); suspensions are numbered from 1 in the order of the code. Steps are:
 * - raw: `text`, a statement that does not yield
 * - declare: `kind`, `pattern`, `init` (code or null), `names`
 * - suspend: number `k`, `on` (access, call or fast), `text`, `callee`, `into` (a temporary, or null)
 * - last: the same as the last act, without a number
 * - if: `test`, `yes`, `no`; for: `init`, `test` (steps and code), `update`, `body`; switch: `on`, `cases`; block: `body`
 */
export function lower(fn, code) {
  return new Lowering(fn, code).run();
}

class Lowering {
  #code;
  #fn;
  #cpu;
  #last;
  #assigned = new Set();
  #count = 0;
  #temps = 0;

  constructor(fn, code) {
    this.#fn = fn;
    this.#code = code;
    this.#last = new Map(lastYields(fn.body));
  }

  run() {
    const fn = this.#fn;
    [this.#cpu] = parameterNames(fn);
    if (!/^\w*cpu$/i.test(this.#cpu ?? '')) throw new Unsupported('its first parameter is no CPU');
    simple(fn.body, {
      Function: ({ generator }) => {
        if (generator) throw new Unsupported('a generator function inside');
      },
      ThisExpression: () => {
        throw new Unsupported('this');
      },
      Identifier: ({ name }) => {
        if (name === 'arguments') throw new Unsupported('arguments');
      },
      AssignmentExpression: ({ left }) => this.#assigned.add(left.name),
      UpdateExpression: ({ argument }) => this.#assigned.add(argument.name),
    });
    if (this.#assigned.has(this.#cpu)) throw new Unsupported('its CPU changes');
    const steps = this.#block(fn.body.body);
    return { cpu: this.#cpu, steps, count: this.#count };
  }

  #text(node) {
    return this.#code.slice(node.start, node.end);
  }

  #temp() {
    return `$t${++this.#temps}`;
  }

  #block(statements) {
    const out = [];
    for (const statement of statements) this.#statement(statement, out);
    return out;
  }

  #push(out, node, step) {
    out.push({ line: node.loc.start.line, until: 0, ...step });
  }

  /** A step that others are inside of. */
  #around(out, node, before, step) {
    this.#push(out, node, { ...step, from: before + 1, until: this.#count > before ? this.#count : 0 });
  }

  #statement(node, out) {
    if (node.type === 'VariableDeclaration') {
      for (const { id, init } of node.declarations) {
        const text = init === null ? null : this.#expression(init, out);
        this.#declare(out, init ?? node, node.kind, id, text);
      }
      return;
    }
    if (!containsYield(node)) {
      if (node.type !== 'EmptyStatement') this.#push(out, node, { type: 'raw', text: this.#text(node) });
      return;
    }
    const before = this.#count;
    switch (node.type) {
      case 'ExpressionStatement': {
        const { expression } = node;
        if (expression.type !== 'YieldExpression') {
          const text = this.#expression(expression, out);
          if (!/^\(*\$t\d+\)*$/.test(text)) this.#push(out, node, { type: 'raw', text: `${text};` });
        } else if (this.#last.has(expression)) this.#end(expression, out);
        else this.#suspend(expression, out, null);
        return;
      }
      case 'ReturnStatement':
        if (node.argument.type === 'YieldExpression') this.#end(node.argument, out);
        else {
          const text = this.#expression(node.argument, out);
          this.#push(out, node, { type: 'raw', text: `return ${text};` });
        }
        return;
      case 'BlockStatement':
        this.#around(out, node, before, { type: 'block', body: this.#block(node.body) });
        return;
      case 'IfStatement': {
        const test = this.#expression(node.test, out);
        const inside = this.#count;
        const yes = this.#branch(node.consequent);
        const middle = this.#count;
        const no = node.alternate === null ? [] : this.#branch(node.alternate);
        const ranges = {
          yesUntil: middle > inside ? middle : 0,
          noUntil: this.#count > middle ? this.#count : 0,
        };
        this.#around(out, node, inside, { type: 'if', test, yes, no, ...ranges });
        return;
      }
      case 'WhileStatement':
      case 'ForStatement':
        this.#loop(node, out);
        return;
      case 'SwitchStatement': {
        const on = this.#temp();
        const text = this.#expression(node.discriminant, out);
        this.#push(out, node, { type: 'declare', kind: 'const', pattern: on, init: text, names: [on] });
        const inside = this.#count;
        const cases = node.cases.map(one => {
          if (one.test !== null && containsYield(one.test)) throw new Unsupported('a case that yields');
          return { test: one.test === null ? null : this.#text(one.test), body: this.#block(one.consequent) };
        });
        this.#around(out, node, inside, { type: 'switch', on, cases });
        return;
      }
      default:
        throw new Unsupported(node.type);
    }
  }

  #branch(node) {
    return this.#block(node.type === 'BlockStatement' ? node.body : [node]);
  }

  #loop(node, out) {
    const before = this.#count;
    const init = [];
    if (node.init) {
      if (containsYield(node.init)) throw new Unsupported('a loop whose start yields');
      if (node.init.type === 'VariableDeclaration') this.#statement(node.init, init);
      else this.#push(init, node.init, { type: 'raw', text: `${this.#text(node.init)};` });
    }
    if (node.update && containsYield(node.update)) throw new Unsupported('a loop whose step yields');
    const testSteps = [];
    const test = node.test ? this.#expression(node.test, testSteps) : 'true';
    const testUntil = this.#count > before ? this.#count : 0;
    const body = this.#branch(node.body);
    const update = node.update ? this.#text(node.update) : '';
    this.#around(out, node, before, { type: 'for', init, testSteps, test, testUntil, update, body });
  }

  #declare(out, node, kind, id, init) {
    const names = [];
    const collect = pattern => {
      if (pattern.type === 'Identifier') names.push(pattern.name);
      else if (pattern.type === 'AssignmentPattern') collect(pattern.left);
      else if (pattern.type === 'RestElement') collect(pattern.argument);
      else if (pattern.type === 'ArrayPattern') for (const one of pattern.elements) one && collect(one);
      else if (pattern.type === 'ObjectPattern')
        for (const one of pattern.properties) collect(one.value ?? one);
      else throw new Unsupported(`a variable declared by ${pattern.type}`);
    };
    collect(id);
    this.#push(out, node, { type: 'declare', kind, pattern: this.#text(id), init, names });
  }

  /** What is yielded: on what the CPU waits, and the code that says so. */
  #yielded(node, out) {
    const { argument } = node;
    if (node.delegate) {
      const text = containsYield(argument)
        ? this.#expression(argument, out)
        : this.#code.slice(this.#code.indexOf('*', node.start) + 1, node.end);
      const callee = argument.type === 'CallExpression' ? argument.callee : undefined;
      return { on: 'call', text: text.trim(), callee };
    }
    if (cpuOf(argument, this.#code) !== this.#cpu) throw new Unsupported('an access of another CPU');
    const text = containsYield(argument)
      ? this.#expression(argument, out)
      : this.#code.slice(node.start + 'yield'.length, node.end);
    return { on: 'access', text: text.trim() };
  }

  #suspend(node, out, into) {
    const what = this.#yielded(node, out);
    const k = ++this.#count;
    this.#push(out, node, { type: 'suspend', k, until: k, from: k, into, ...what });
  }

  #end(node, out) {
    this.#push(out, node, { type: 'last', ...this.#yielded(node, out) });
  }

  /** Whether an expression has the same value after a `yield` as before it. */
  #stable(node) {
    if (node.type === 'Literal') return true;
    return node.type === 'Identifier' && !this.#assigned.has(node.name);
  }

  /** Keeps the value that an expression has now. */
  #spill(node, out) {
    if (this.#stable(node)) return this.#text(node);
    const into = this.#temp();
    const init = this.#expression(node, out);
    this.#push(out, node, { type: 'declare', kind: 'const', pattern: into, init, names: [into] });
    return into;
  }

  /** Operands in their order: each is kept if a later one yields. */
  #operands(nodes, out) {
    return nodes.map((node, i) => {
      if (node.type === 'SpreadElement') throw new Unsupported('a spread among what yields');
      return nodes.slice(i + 1).some(containsYield) ? this.#spill(node, out) : this.#expression(node, out);
    });
  }

  /** The value of an expression as code without `yield`; what yields in it becomes steps before. */
  #expression(node, out) {
    if (!containsYield(node)) return `(${this.#text(node)})`;
    switch (node.type) {
      case 'YieldExpression': {
        const into = this.#temp();
        this.#suspend(node, out, into);
        return into;
      }
      case 'UnaryExpression':
        return `(${node.operator} ${this.#expression(node.argument, out)})`;
      case 'BinaryExpression': {
        const [left, right] = this.#operands([node.left, node.right], out);
        return `(${left} ${node.operator} ${right})`;
      }
      case 'LogicalExpression':
        return this.#logical(node, out);
      case 'ConditionalExpression':
        return this.#conditional(node, out);
      case 'AssignmentExpression': {
        const { left, operator } = node;
        if (left.type !== 'Identifier' || ['??=', '||=', '&&='].includes(operator))
          throw new Unsupported(`an assignment by ${operator}`);
        return `(${left.name} ${operator} ${this.#expression(node.right, out)})`;
      }
      case 'CallExpression': {
        if (containsYield(node.callee)) throw new Unsupported('a call of what is yielded');
        return `${this.#text(node.callee)}(${this.#operands(node.arguments, out).join(', ')})`;
      }
      case 'ArrayExpression':
        if (node.elements.includes(null)) throw new Unsupported('a list with holes');
        return `[${this.#operands(node.elements, out).join(', ')}]`;
      case 'MemberExpression': {
        if (node.computed && containsYield(node.property)) {
          const [object, property] = this.#operands([node.object, node.property], out);
          return `${object}[${property}]`;
        }
        const object = this.#expression(node.object, out);
        return node.computed
          ? `${object}[${this.#text(node.property)}]`
          : `${object}.${this.#text(node.property)}`;
      }
      default:
        throw new Unsupported(node.type);
    }
  }

  /** A temporary that gets its value on one of several ways. */
  #variable(out, node, init) {
    const into = this.#temp();
    this.#push(out, node, { type: 'declare', kind: 'let', pattern: into, init, names: [into] });
    return into;
  }

  #value(node, into) {
    const steps = [];
    const text = this.#expression(node, steps);
    this.#push(steps, node, { type: 'raw', text: `${into} = ${text};` });
    return steps;
  }

  #logical(node, out) {
    const into = this.#variable(out, node.left, this.#expression(node.left, out));
    const before = this.#count;
    const test = { '&&': into, '||': `!${into}`, '??': `${into} === null || ${into} === undefined` }[
      node.operator
    ];
    const yes = this.#value(node.right, into);
    const yesUntil = this.#count > before ? this.#count : 0;
    this.#around(out, node, before, { type: 'if', test, yes, no: [], yesUntil, noUntil: 0 });
    return into;
  }

  #conditional(node, out) {
    const test = this.#expression(node.test, out);
    const into = this.#variable(out, node, null);
    const before = this.#count;
    const yes = this.#value(node.consequent, into);
    const middle = this.#count;
    const no = this.#value(node.alternate, into);
    const ranges = {
      yesUntil: middle > before ? middle : 0,
      noUntil: this.#count > middle ? this.#count : 0,
    };
    this.#around(out, node, before, { type: 'if', test, yes, no, ...ranges });
    return into;
  }
}
