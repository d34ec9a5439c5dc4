// Builds the functions of models. In the source each is a generator function that yields its accesses and calls others by
// `yield*`. To create, suspend and resume a generator costs several times what an access does, so a function `f` becomes
// three plain ones:
//   f$   it asks the engine before each access whether it may go on (`cpu.goesOn`) and calls others as plain functions. If it
//        must be suspended it leaves for its end ($out) with the number of the place ($k), parks there (`cpu.parks`) what goes
//        on from there, and returns `$described`.
//   f$$  goes on from the suspension with a number ($k, 0 from there on), with the values that parameters and variables had
//        there. What it waited for it finds in `cpu.returned`. It may be suspended again, as f$.
//   f    what others know: returns a function that begins f$ with the same arguments.
// f$ stands where `f` stood, line by line; the others follow at the end of the module. A function that does what
// scripts/lower.mjs cannot take apart stays a generator function, run on by `cpu.goesOn` and `cpu.calls`.
import { dirname, join, relative } from 'node:path';
import { parse } from 'acorn';
import { ancestor, simple } from 'acorn-walk';
import MagicString from 'magic-string';
import { cpuOf, lastYields, lower, parameterNames, Unsupported } from './lower.mjs';
import { withVariables, writeFast, writeResumed } from './write-frames.mjs';

const parseModule = code => parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true });

/** The generator functions at the top of a module, with the statement around each. */
function* topGenerators(tree) {
  for (const statement of tree.body) {
    const node = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (node?.type === 'FunctionDeclaration' && node.generator) yield { node, statement };
  }
}

/** By name, the functions of a module that can be taken apart, as code without `yield`. */
function lowered(tree, code) {
  const found = new Map();
  for (const { node, statement } of topGenerators(tree)) {
    try {
      found.set(node.id.name, { node, statement, body: withVariables(node, lower(node, code)) });
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
    }
  }
  return found;
}

/** By local name, what is imported from other models and can be called as a plain function, with the imports for that. */
function importedFast(tree, name, plainOf) {
  const local = new Map();
  const imports = [];
  for (const { type, source, specifiers } of tree.body) {
    if (type !== 'ImportDeclaration' || !source.value.startsWith('.')) continue;
    const path = join(dirname(name), source.value.replace(/\.js$/, '.ts')).replaceAll('\\', '/');
    const names = fastNames(path, plainOf);
    const wanted = [];
    for (const { type: kind, imported, local: own } of specifiers) {
      if (kind !== 'ImportSpecifier' || !names.has(imported.name)) continue;
      local.set(own.name, `${own.name}$`);
      wanted.push(`${imported.name}$ as ${own.name}$`);
    }
    if (wanted.length > 0) imports.push(`import {${wanted.join(',')}} from ${source.raw};`);
  }
  return { local, imports };
}

const known = new Map();
/** Names of the functions of a source file that can be called as plain functions. */
function fastNames(path, plainOf) {
  let names = known.get(path);
  if (names !== undefined) return names;
  const code = plainOf(path);
  names = new Set(code === undefined ? [] : lowered(parseModule(code), code).keys());
  known.set(path, names);
  return names;
}

/**
 * Builds the functions of one module (JavaScript with sites, whose generator functions still yield). `plainOf` gives the
 * code of another source file in the same state, undefined if it is none of a model.
 */
export function frames(code, name, plainOf) {
  const tree = parseModule(code);
  const out = new MagicString(code);
  const own = lowered(tree, code);
  const { local, imports } = importedFast(tree, name, plainOf);
  const fast = callee => {
    if (callee?.type !== 'Identifier') return undefined;
    return own.has(callee.name) ? `${callee.name}$` : local.get(callee.name);
  };
  for (const [func, { node, statement, body }] of own) {
    const exported = statement === node ? '' : 'export ';
    out.overwrite(statement.start, statement.end, exported + writeFast(func, node, body, code, fast));
    const parameters = code.slice(
      node.params[0]?.start ?? node.body.start,
      node.params.at(-1)?.end ?? node.body.start,
    );
    if (body.count > 0) out.append(`\n${writeResumed(func, node, body, fast)}`);
    const begins = `()=>${func}$(${parameterNames(node).join(',')})`;
    out.append(`\n${exported}function ${func}(${parameters}){return ${begins};}`);
  }
  runOn(tree, out, code, own, fast);
  if (/\byield\b/.test(code)) {
    const engine = relative(dirname(name), 'src/engine').replaceAll('\\', '/');
    imports.push(`import {Access as $Access} from '${engine}/access.js';const $described=$Access.described;`);
  }
  out.prepend(imports.join(''));
  return out.toString();
}

/** What stays a generator function runs on inside itself. */
function runOn(tree, out, code, own, fast) {
  const last = new Map();
  simple(tree, {
    Function: ({ generator, body }) => {
      if (generator) for (const [node, statement] of lastYields(body)) last.set(node, statement);
    },
  });
  const taken = [...own.values()].map(({ node }) => node);
  ancestor(tree, {
    YieldExpression(node, _state, ancestors) {
      if (ancestors.some(one => taken.includes(one))) return;
      const { argument } = node;
      const isLast = last.has(node);
      const returns = last.get(node)?.type === 'ExpressionStatement' ? 'return ' : '';
      const otherwise = isLast ? '$described' : 'yield $described';
      const { start, end } = node;
      const star = node.delegate ? code.indexOf('*', start) + 1 : start + 'yield'.length;
      if (!node.delegate) {
        const cpu = cpuOf(argument, code);
        if (cpu === undefined) return;
        out.overwrite(start, star, `${returns}(${cpu}.goesOn(`);
        out.appendLeft(end, `)===true?${cpu}.result:${otherwise})`);
        return;
      }
      const called = fast(argument.callee);
      const first = argument.arguments?.[0] ?? argument.callee?.object;
      const cpu = first?.type === 'Identifier' && /^\w*cpu$/i.test(first.name) ? first.name : undefined;
      if (cpu === undefined) {
        out.remove(star - 1, star);
      } else if (called !== undefined) {
        out.overwrite(argument.callee.start, argument.callee.end, called);
        out.overwrite(start, star, isLast ? returns : `((${cpu}.returned=`);
        if (!isLast) out.appendLeft(end, `)===$described?yield $described:${cpu}.returned)`);
      } else if (isLast) {
        out.overwrite(start, star, `${returns}${cpu}.tailCall(`);
        out.appendLeft(end, ')');
      } else {
        out.overwrite(start, star, `(${cpu}.calls(`);
        out.appendLeft(end, `)===true?${cpu}.returned:yield $described)`);
      }
    },
  });
}
