// Writes the functions of a model from the steps of scripts/lower.mjs: see scripts/frames.mjs.
import { parameterNames, Unsupported } from './lower.mjs';

const lineCount = text => text.split('\n').length - 1;

/**
 * What is to be known of a function's variables: `variables`, in the order of their declarations (what two scopes beside each
 * other declare is one), what is `needed` after each suspension, and those that are `handed` over at some.
 */
export function withVariables(fn, body) {
  const variables = variablesOf(fn, body);
  const needed = neededAfter(body);
  const handed = variables.filter(name => [...needed.values()].some(names => names.has(name)));
  return { ...body, variables, needed, handed };
}

function variablesOf(fn, body) {
  const all = new Set();
  const walk = (steps, outer) => {
    const scope = new Set(outer);
    for (const step of steps) {
      if (step.type === 'declare') {
        for (const name of step.names) {
          if (outer.has(name)) throw new Unsupported(`${name} is declared within itself`);
          all.add(name);
          scope.add(name);
        }
      }
      if (step.type === 'suspend' && step.into !== null) all.add(step.into);
      for (const inner of innerOf(step)) walk(inner, scope);
    }
  };
  walk(body.steps, new Set(parameterNames(fn)));
  return [...all];
}

/** The lists of steps inside a step, those of a loop with the scope of its start. */
function innerOf(step) {
  switch (step.type) {
    case 'if':
      return [step.yes, step.no];
    case 'for':
      return [
        [...step.init, { type: 'block', body: [...step.testSteps, { type: 'block', body: step.body }] }],
      ];
    case 'switch':
      return step.cases.map(one => one.body);
    case 'block':
      return [step.body];
    default:
      return [];
  }
}

/** By number of a suspension, the names that what runs after it mentions. */
function neededAfter(body) {
  const needed = new Map();
  const textOf = steps => steps.map(stepText).join('\n');
  const stepText = step =>
    [step.text, step.pattern, step.init?.trim?.(), step.test, step.update, step.on]
      .concat(innerOf(step).map(textOf))
      .join('\n');
  const visit = (steps, after) => {
    for (const [i, step] of steps.entries()) {
      if (step.until === 0) continue;
      const rest = `${textOf(steps.slice(i + 1))}\n${after}`;
      switch (step.type) {
        case 'suspend':
          needed.set(step.k, new Set(rest.match(/[\w$]+/g)));
          break;
        case 'if':
          visit(step.yes, rest);
          visit(step.no, rest);
          break;
        case 'for': {
          const again = `${stepText(step)}\n${rest}`;
          visit(step.testSteps, again);
          visit(step.body, again);
          break;
        }
        case 'switch':
          // What is resumed inside finds its way by the value.
          for (const one of step.cases) visit(one.body, `${stepText(step)}\n${rest}`);
          break;
        default:
          visit(step.body, rest);
      }
    }
  };
  visit(body.steps, '');
  return needed;
}

/** The plain function `name$`: goes on as long as the engine lets it. */
export function writeFast(name, fn, body, code, fast) {
  return new Fast(name, fn, body, code, fast).run();
}

class Fast {
  #name;
  #fn;
  #body;
  #code;
  #fast;
  #out = '';
  #line;

  constructor(name, fn, body, code, fast) {
    this.#name = name;
    this.#fn = fn;
    this.#body = body;
    this.#code = code;
    this.#fast = calleeOf(fn, body.variables, fast);
    this.#line = fn.loc.start.line;
  }

  run() {
    const { params } = this.#fn;
    const parameters = params.length === 0 ? '' : this.#code.slice(params[0].start, params.at(-1).end);
    this.#write(`function ${this.#name}$(${parameters}){`);
    this.#steps(this.#body.steps, new Set());
    this.#upTo(this.#fn.loc.end.line);
    return `${this.#out}}`;
  }

  #write(text) {
    this.#out += text;
    this.#line += lineCount(text);
  }

  /** Statements stand on the lines where they stood. */
  #upTo(line) {
    while (this.#line < line) this.#write('\n');
  }

  #steps(steps, outer) {
    const scope = new Set(outer);
    for (const step of steps) {
      this.#upTo(step.line);
      this.#step(step, scope);
    }
  }

  #step(step, scope) {
    const { cpu } = this.#body;
    switch (step.type) {
      case 'raw':
        this.#write(step.text);
        break;
      case 'declare':
        this.#write(`${step.kind} ${step.pattern}${step.init === null ? '' : ` = ${step.init}`};`);
        for (const one of step.names) scope.add(one);
        break;
      case 'suspend': {
        const { into } = step;
        const parks = `return ${cpu}.parks(${this.#resumed(step.k, scope)});`;
        const called = this.#fast(step);
        if (called !== undefined) {
          if (into === null) this.#write(`if(${called}===$described)${parks}`);
          else this.#write(`const ${into}=${called};if(${into}===$described)${parks}`);
        } else {
          const [method, result] = ways[step.on];
          this.#write(`if(${cpu}.${method}(${step.text})!==true)${parks}`);
          if (into !== null) this.#write(`const ${into}=${cpu}.${result};`);
        }
        if (into !== null) scope.add(into);
        break;
      }
      case 'last':
        this.#write(`return ${ending(step, cpu, this.#fast)};`);
        break;
      case 'if':
        this.#write(`if(${step.test}){`);
        this.#steps(step.yes, scope);
        this.#write('}');
        if (step.no.length === 0) break;
        this.#write('else{');
        this.#steps(step.no, scope);
        this.#write('}');
        break;
      case 'for':
        this.#for(step, scope);
        break;
      case 'switch':
        this.#write(`switch(${step.on}){`);
        for (const { test, body } of step.cases) {
          this.#write(test === null ? 'default:' : `case ${test}:`);
          this.#steps(body, scope);
        }
        this.#write('}');
        break;
      case 'block':
        this.#write('{');
        this.#steps(step.body, scope);
        this.#write('}');
    }
  }

  #for({ init, testSteps, test, update, body }, outer) {
    const scope = new Set(outer);
    this.#write('{');
    for (const step of init) this.#step(step, scope);
    if (testSteps.length === 0) {
      this.#write(`for(;${test};${update}){`);
      this.#steps(body, scope);
    } else {
      this.#write(`for(;;${update}){`);
      const inner = new Set(scope);
      for (const step of testSteps) this.#step(step, inner);
      this.#write(`if(!${test})break;`);
      this.#steps(body, inner);
    }
    this.#write('}}');
  }

  /** The generator that goes on at a suspension. */
  #resumed(k, scope) {
    const needed = this.#body.needed.get(k);
    const handed = this.#body.handed.map(one => (scope.has(one) && needed.has(one) ? one : '0'));
    const values = [...parameterNames(this.#fn), ...handed];
    while (values.at(-1) === '0') values.pop();
    return `${this.#name}$$(${[k, ...values].join(',')})`;
  }
}

/** The generator function `name$$`: goes on from a suspension. */
export function writeResumed(name, fn, body, fast) {
  const { cpu, variables, handed } = body;
  const call = calleeOf(fn, variables, fast);

  /** Steps among which a suspension may be; `follows` if one may also be behind them. */
  const steps = (list, follows = false) => {
    let text = '';
    let raw = '';
    // Behind the last suspension, it is the one that was resumed, or none was.
    let behind = body.count === 0;
    const flush = () => {
      if (raw !== '') text += behind ? raw : `if($k===0){${raw}}`;
      raw = '';
    };
    for (const [i, step] of list.entries()) {
      if (step.until === 0) {
        raw += plain(step);
        continue;
      }
      flush();
      const later = follows || list.slice(i + 1).some(one => one.until > 0);
      behind = !later;
      text += later ? `if($k<=${step.until}){${yielding(step)}}` : yielding(step);
    }
    flush();
    return text;
  };

  /** A step without a suspension that can be resumed. */
  const plain = step => {
    switch (step.type) {
      case 'raw':
        return `${step.text}\n`;
      case 'declare': {
        const pattern = step.pattern.startsWith('{');
        const assigned = `${step.pattern}=${step.init ?? 'void 0'}`;
        return pattern ? `(${assigned});` : `;${assigned};`;
      }
      case 'last':
        return `return ${ending(step, cpu, call)};`;
      case 'if':
        return `if(${step.test}){${each(step.yes)}}${step.no.length === 0 ? '' : `else{${each(step.no)}}`}`;
      case 'for':
        return `${each(step.init)}for(;;${step.update}){${each(step.testSteps)}if(!${step.test})break;${each(step.body)}}`;
      case 'switch':
        return `switch(${step.on}){${step.cases.map(one => `${label(one)}${each(one.body)}`).join('')}}`;
      default:
        return `{${each(step.body)}}`;
    }
  };
  const each = list => list.map(plain).join('');
  const label = ({ test }) => (test === null ? 'default:' : `case ${test}:`);

  /** A step inside of which the function may have been suspended: there, if $k is not 0. */
  const yielding = step => {
    switch (step.type) {
      case 'suspend': {
        const { k, into } = step;
        const called = call(step);
        const [method, result] = ways[step.on];
        const set = into === null ? '' : `${into}=`;
        const fresh =
          called === undefined
            ? `${set}${cpu}.${method}(${step.text})===true?${cpu}.${result}:yield $described;`
            : into === null
              ? `if(${called}===$described)yield $described;`
              : `if((${set}${called})===$described)${set}yield $described;`;
        return `if($k===${k}){$k=0;${into === null ? '' : `${set}${cpu}.returned;`}}else{${fresh}}`;
      }
      case 'if': {
        const { test, yes, no, yesUntil, noUntil } = step;
        const way =
          yesUntil > 0 && noUntil > 0
            ? `$k===0?${test}:$k<=${yesUntil}`
            : yesUntil > 0
              ? `$k!==0||(${test})`
              : `$k===0&&(${test})`;
        const branch = (list, until) => (until > 0 ? steps(list) : each(list));
        return `if(${way}){${branch(yes, yesUntil)}}${no.length === 0 ? '' : `else{${branch(no, noUntil)}}`}`;
      }
      case 'for': {
        const { init, testSteps, test, update, body: inner, testUntil } = step;
        const begins = `if($k===0){${each(init)}}`;
        const within = steps(inner);
        if (testSteps.length === 0) return `${begins}for(;$k!==0||${test};${update}){${within}}`;
        const later = inner.some(one => one.until > 0);
        const tests = testUntil > 0 && later ? `if($k<=${testUntil}){${steps(testSteps)}}` : steps(testSteps);
        return `${begins}for(;;${update}){${tests}if($k===0&&!${test})break;${within}}`;
      }
      case 'switch':
        return `switch(${step.on}){${step.cases.map(one => `${label(one)}${steps(one.body, true)}`).join('')}}`;
      default:
        return `{${steps(step.body)}}`;
    }
  };

  const own = variables.filter(one => !handed.includes(one));
  const parameters = ['$k', ...parameterNames(fn), ...handed].join(',');
  const declared = own.length === 0 ? '' : `let ${own.join(',')};`;
  return `function* ${name}$$(${parameters}){${declared}${steps(body.steps)}}`.replace(/\n+/g, '\n');
}

/** How a CPU is asked to do what it waits for, and where the result is. */
const ways = { access: ['goesOn', 'result'], call: ['calls', 'returned'] };

/** What a function returns whose last act is a suspension. */
function ending(step, cpu, fast) {
  const called = fast(step);
  if (called !== undefined) return called;
  const [method, result] = ways[step.on];
  return `${cpu}.${method}(${step.text})===true?${cpu}.${result}:$described`;
}

/** The call of a step as that of a plain function, undefined if it cannot be one. */
function calleeOf(fn, variables, fast) {
  const own = new Set([...parameterNames(fn), ...variables]);
  return ({ on, callee, text }) => {
    if (on !== 'call' || callee?.type !== 'Identifier' || own.has(callee.name)) return undefined;
    const name = fast(callee);
    return name === undefined || !text.startsWith(callee.name)
      ? undefined
      : name + text.slice(callee.name.length);
  };
}
