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
  return { ...body, variables, needed, handed, hoisted: hoistedIn(body.steps, handed) };
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

/** What is declared at the beginning of the plain function: what is handed over, and what is declared together with that. */
function hoistedIn(steps, handed) {
  const found = new Set(handed);
  const visit = list => {
    for (const step of list) {
      if (step.type === 'declare' && step.names.some(one => handed.includes(one)))
        for (const one of step.names) found.add(one);
      for (const inner of innerOf(step)) visit(inner);
    }
  };
  visit(steps);
  return [...found];
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

/** The names that a step declares, at any depth. */
function declaredIn(step) {
  const own = step.type === 'declare' ? step.names : step.type === 'suspend' && step.into ? [step.into] : [];
  return [...own, ...innerOf(step).flat().flatMap(declaredIn)];
}

/** By number of a suspension, the names whose values what runs after it may use. */
function neededAfter(body) {
  const needed = new Map();
  const names = text => text?.match?.(/[\w$]+/g) ?? [];
  const used = step =>
    union(
      ...[step.text, step.pattern, step.init, step.test, step.update, step.on].map(names),
      ...innerOf(step).map(usedBy),
    );
  /** What steps use and have not declared themselves. */
  const usedBy = steps => {
    const declared = new Set(steps.flatMap(declaredIn));
    return union(...steps.map(used)).filter(name => !declared.has(name));
  };
  const visit = (steps, after) => {
    for (const [i, step] of steps.entries()) {
      if (step.until === 0) continue;
      const rest = union(usedBy(steps.slice(i + 1)), after);
      switch (step.type) {
        case 'suspend':
          // Its own result comes only when it goes on.
          needed.set(step.k, new Set(rest.filter(name => name !== step.into)));
          break;
        case 'if':
          visit(step.yes, rest);
          visit(step.no, rest);
          break;
        case 'for': {
          // The next round declares anew what this one has declared.
          const { testSteps, test, update, body: inner } = step;
          const round = [...testSteps, { type: 'raw', text: test }, { type: 'block', body: inner }];
          const again = union(names(update), usedBy(round), rest);
          visit(testSteps, union(names(test), usedBy(inner), again));
          visit(inner, again);
          break;
        }
        case 'switch':
          // What is resumed inside finds its way by the value.
          for (const one of step.cases) visit(one.body, union(used(step), rest));
          break;
        default:
          visit(step.body, rest);
      }
    }
  };
  visit(body.steps, []);
  return needed;
}

const union = (...lists) => [...new Set(lists.flat())];

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
    const { steps, count, hoisted } = this.#body;
    this.#write(`function ${this.#name}$(${parameters}){`);
    if (count > 0) this.#write(`let ${['$k=0', ...hoisted].join(',')};$out:{`);
    this.#steps(steps);
    this.#upTo(this.#fn.loc.end.line);
    if (count > 0) this.#write(`return;}${parking(this.#name, this.#fn, this.#body)}`);
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

  #steps(steps) {
    for (const step of steps) {
      this.#upTo(step.line);
      this.#step(step);
    }
  }

  #step(step) {
    const { cpu, hoisted } = this.#body;
    switch (step.type) {
      case 'raw':
        this.#write(step.text);
        break;
      case 'declare':
        if (step.names.some(one => hoisted.includes(one))) this.#write(assigning(step));
        else this.#write(`${step.kind} ${step.pattern}${step.init === null ? '' : ` = ${step.init}`};`);
        break;
      case 'suspend': {
        const { into } = step;
        const leaves = leaving(this.#body, step.k);
        const set = `${hoisted.includes(into) ? '' : 'const '}${into}=`;
        const called = this.#fast(step);
        if (called !== undefined) {
          if (into === null) this.#write(`if(${called}===$described)${leaves}`);
          else this.#write(`${set}${called};if(${into}===$described)${leaves}`);
        } else {
          const [method, result] = ways[step.on];
          this.#write(`if(${cpu}.${method}(${step.text})!==true)${leaves}`);
          if (into !== null) this.#write(`${set}${cpu}.${result};`);
        }
        break;
      }
      case 'last':
        this.#write(`return ${ending(step, cpu, this.#fast)};`);
        break;
      case 'if':
        this.#write(`if(${step.test}){`);
        this.#steps(step.yes);
        this.#write('}');
        if (step.no.length === 0) break;
        this.#write('else{');
        this.#steps(step.no);
        this.#write('}');
        break;
      case 'for':
        this.#for(step);
        break;
      case 'switch':
        this.#write(`switch(${step.on}){`);
        for (const { test, body } of step.cases) {
          this.#write(test === null ? 'default:' : `case ${test}:`);
          this.#steps(body);
        }
        this.#write('}');
        break;
      case 'block':
        this.#write('{');
        this.#steps(step.body);
        this.#write('}');
    }
  }

  #for({ init, testSteps, test, update, body }) {
    this.#write('{');
    for (const step of init) this.#step(step);
    if (testSteps.length === 0) this.#write(`for(;${test};${update}){`);
    else {
      this.#write(`for(;;${update}){`);
      for (const step of testSteps) this.#step(step);
      this.#write(`if(!${test})break;`);
    }
    this.#steps(body);
    this.#write('}}');
  }
}

/**
 * Leaves a function for its end, to be suspended at place `k`. What is not needed there is let go, so that nothing lives
 * longer than it must.
 */
function leaving({ needed, handed }, k) {
  const needs = needed.get(k);
  const idle = handed.filter(one => !needs.has(one)).map(one => `${one}=`);
  return `{${idle.length === 0 ? '' : `${idle.join('')}0;`}$k=${k};break $out;}`;
}

/**
 * Suspends a function at place $k, with its parameters but the CPU and the variables that some place needs. It stands once
 * at the end, as code between the accesses would be in the way of what runs on.
 */
function parking(name, fn, { cpu, handed }) {
  const kept = keptOf(fn, handed).map((one, i) => `$p[${i}]=${one};`);
  const parks = `${cpu}.parks(${name}$$,$k)`;
  return kept.length === 0
    ? `${parks};return $described;`
    : `const $p=${parks};${kept.join('')}return $described;`;
}

/** What a suspended function keeps, in the order of the places. */
function keptOf(fn, handed) {
  return [...parameterNames(fn).slice(1), ...handed];
}

/** A declaration as an assignment to variables declared before. */
function assigning({ pattern, init }) {
  const assigned = `${pattern}=${init ?? 'void 0'}`;
  return pattern.startsWith('{') ? `;(${assigned});` : `;${assigned};`;
}

/** The function `name$$`: goes on from a suspension. */
export function writeResumed(name, fn, body, fast) {
  const { cpu, variables, handed } = body;
  const call = calleeOf(fn, variables, fast);

  /**
   * Steps among which a suspension may be; `follows` if one may also be behind them, `again` if they may also be run from
   * their beginning.
   */
  const steps = (list, again, follows = false) => {
    let text = '';
    let raw = '';
    // Behind the last suspension, it is the one that was resumed, or none was.
    let behind = false;
    let fresh = again;
    const flush = () => {
      if (raw !== '' && fresh) text += behind ? raw : `if($k===0){${raw}}`;
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
      text += later ? `if($k<=${step.until}){${yielding(step, fresh)}}` : yielding(step, fresh);
      fresh = true;
    }
    flush();
    return text;
  };

  /** A step without a suspension that can be resumed. */
  const plain = step => {
    switch (step.type) {
      case 'raw':
        return `${step.text}\n`;
      case 'declare':
        return assigning(step);
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

  /**
   * A step inside of which the function may have been suspended: there, if $k is not 0; that it is not is certain without
   * `again`.
   */
  const yielding = (step, again) => {
    switch (step.type) {
      case 'suspend': {
        const { k, into } = step;
        const called = call(step);
        const [method, result] = ways[step.on];
        const set = into === null ? '' : `${into}=`;
        const goesOn = `$k=0;${into === null ? '' : `${set}${cpu}.returned;`}`;
        if (!again) return goesOn;
        const leaves = leaving(body, k);
        const fresh =
          called === undefined
            ? `if(${cpu}.${method}(${step.text})!==true)${leaves}${into === null ? '' : `${set}${cpu}.${result};`}`
            : `if(${into === null ? called : `(${set}${called})`}===$described)${leaves}`;
        return `if($k===${k}){${goesOn}}else{${fresh}}`;
      }
      case 'if': {
        const { test, yes, no, yesUntil, noUntil } = step;
        const branch = (list, until) => (until > 0 ? steps(list, again) : each(list));
        if (!again) {
          if (noUntil === 0) return `{${branch(yes, yesUntil)}}`;
          if (yesUntil === 0) return `{${branch(no, noUntil)}}`;
          return `if($k<=${yesUntil}){${branch(yes, yesUntil)}}else{${branch(no, noUntil)}}`;
        }
        const way =
          yesUntil > 0 && noUntil > 0
            ? `$k===0?${test}:$k<=${yesUntil}`
            : yesUntil > 0
              ? `$k!==0||(${test})`
              : `$k===0&&(${test})`;
        return `if(${way}){${branch(yes, yesUntil)}}${no.length === 0 ? '' : `else{${branch(no, noUntil)}}`}`;
      }
      case 'for': {
        const { init, testSteps, test, update, body: inner, testUntil } = step;
        const begins = again ? `if($k===0){${each(init)}}` : '';
        const within = steps(inner, true);
        if (testSteps.length === 0) return `${begins}for(;$k!==0||${test};${update}){${within}}`;
        const later = inner.some(one => one.until > 0);
        const tests =
          testUntil > 0 && later ? `if($k<=${testUntil}){${steps(testSteps, true)}}` : steps(testSteps, true);
        return `${begins}for(;;${update}){${tests}if($k===0&&!${test})break;${within}}`;
      }
      case 'switch':
        return `switch(${step.on}){${step.cases.map(one => `${label(one)}${steps(one.body, again, true)}`).join('')}}`;
      default:
        return `{${steps(step.body, again)}}`;
    }
  };

  const values = keptOf(fn, handed).map((one, i) => `${one}=$v[${i}]`);
  const own = variables.filter(one => !handed.includes(one));
  const declared = ['$k=$of.at', ...values, ...own].join(',');
  const begin = `function ${name}$$($of,${cpu}){const $v=$of.values;let ${declared};$out:{`;
  const end = `return;}${parking(name, fn, body)}}`;
  return `${begin}${steps(body.steps, false)}${end}`.replace(/\n+/g, '\n');
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
