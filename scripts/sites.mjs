// Builds model code. Numbers its sites: every `yield cpu.primitive(...)` and every branch of a generator function in
// src/targets. A site's key is function, primitive with its arguments, and ordinal in the function, so it survives edits
// elsewhere; its line is kept for display. The same pass finds what would silently drop a step: an access that is
// described but not yielded, and a generator function that is called but not run with `yield*`.
// A loop over a list in which something is yielded counts instead: an iterator must be closed however the loop is left,
// which costs at each yield. Then scripts/frames.mjs makes plain functions of the generator functions.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'acorn';
import { ancestor } from 'acorn-walk';
import MagicString from 'magic-string';
import tsBlankSpace from 'ts-blank-space';
import { frames } from './frames.mjs';
import { containsYield, isFunction } from './lower.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** True for source files that are built as models. */
export const isModel = name =>
  name.replaceAll('\\', '/').startsWith('src/targets/') || name === 'bench/tag-clear.ts';

const primitives = new Set(
  ['cpu.ts', 'cpu/accesses.ts', 'cpu/locks.ts']
    .map(file => readFileSync(join(root, 'src/engine', file), 'utf8'))
    .flatMap(text => [...text.matchAll(/^ {2}(\w+)\([^)]*\): Access \{/gm)].map(m => m[1])),
);

let accessFunctions;
/** Names of plain functions of models that describe one access and return it: `yield getPage(cpu, page)`. */
function accessFunctionNames() {
  if (accessFunctions !== undefined) return accessFunctions;
  accessFunctions = new Set();
  for (const text of modelSources()) {
    for (const m of text.matchAll(/function (\w+)\([^)]*\): Access \{/g)) accessFunctions.add(m[1]);
  }
  return accessFunctions;
}

function modelSources() {
  return readdirSync(join(root, 'src/targets'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
}

let generators;
/** Names of all generator functions of models and engine: calling one without `yield*` runs nothing. */
function generatorNames() {
  if (generators !== undefined) return generators;
  generators = new Set();
  for (const dir of ['src/targets', 'src/engine']) {
    for (const entry of readdirSync(join(root, dir), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue;
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
      for (const m of text.matchAll(/function\* (\w+)|^\s+\*(\w+)\(/gm)) generators.add(m[1] ?? m[2]);
    }
  }
  return generators;
}

function functionName(node, parent) {
  if (node.id) return node.id.name;
  if (parent?.type === 'VariableDeclarator') return parent.id.name;
  if (parent?.type === 'Property' || parent?.type === 'MethodDefinition')
    return parent.key.name ?? parent.key.value;
  return undefined;
}

const squeeze = text => text.replace(/\s+/g, ' ').trim();

/**
 * Builds one module of a model (JavaScript whose lines are those of its TypeScript); returns code, problems and the number
 * of sites. `first` is the number of its first site; without it that is known only when the module is loaded.
 */
export function instrument(code, name, first) {
  const { code: numbered, ...found } = withSites(code, name, first);
  return { code: frames(numbered, name, numberedSource), ...found };
}

/** Another module of a model with its sites, for what is to be known of its functions; undefined if it is none. */
function numberedSource(name) {
  const path = join(root, name);
  if (!isModel(name) || !existsSync(path)) return undefined;
  return withSites(tsBlankSpace(readFileSync(path, 'utf8')), name, 0).code;
}

function withSites(code, name, first) {
  const tree = parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true });
  const out = new MagicString(code);
  const table = [];
  const problems = [];
  const ordinals = new Map();
  let loops = 0;
  const text = node => squeeze(code.slice(node.start, node.end));
  const problem = (node, what) => problems.push(`${name}:${node.loc.start.line}: ${what}`);

  const enclosing = ancestors => {
    const names = [];
    let generator = false;
    let innermost = true;
    for (let i = ancestors.length - 2; i >= 0; i--) {
      if (!isFunction(ancestors[i])) continue;
      if (innermost) generator = ancestors[i].generator;
      innermost = false;
      const own = functionName(ancestors[i], ancestors[i - 1]);
      if (own !== undefined) names.unshift(own);
    }
    return { func: names.join('.') || '(module)', generator };
  };
  const number = n => (first === undefined ? `$site+${n}` : first + n);
  const site = (func, what, node, access) => {
    const key = `${func}:${what}`;
    const ordinal = (ordinals.get(key) ?? 0) + 1;
    ordinals.set(key, ordinal);
    table.push([func, ordinal === 1 ? what : `${what}#${ordinal}`, node.loc.start.line, access]);
    return table.length - 1;
  };

  ancestor(tree, {
    YieldExpression(node, _state, ancestors) {
      const call = node.argument;
      if (node.delegate || call?.type !== 'CallExpression') return;
      const direct = call.callee.type === 'MemberExpression';
      const method = direct ? call.callee.property.name : call.callee.name;
      if (!(direct ? primitives : accessFunctionNames()).has(method)) return;
      const { func } = enclosing(ancestors);
      const n = site(func, `${method}(${call.arguments.map(text).join(', ')})`, node, 1);
      const cpu = text(direct ? call.callee.object : call.arguments[0]);
      const lastArgument = call.arguments[call.arguments.length - 1];
      if (lastArgument !== undefined && call.arguments.some(containsYield)) {
        // The site must be set after the accesses among the arguments.
        out.appendRight(lastArgument.start, `${cpu}.at(${number(n)},`);
        out.appendLeft(lastArgument.end, ')');
      } else {
        out.appendRight(call.start, `(${cpu}.site=${number(n)},`);
        out.appendLeft(call.end, ')');
      }
    },
    CallExpression(node, _state, ancestors) {
      const parent = ancestors[ancestors.length - 2];
      const { callee } = node;
      const own = callee.type === 'MemberExpression' ? callee.property.name : callee.name;
      const object = callee.type === 'MemberExpression' ? text(callee.object) : '';
      if (callee.type === 'MemberExpression' && primitives.has(own) && /(^|\.)cpu$/.test(object)) {
        const yielded = parent.type === 'YieldExpression' && !parent.delegate;
        const returned = parent.type === 'ArrowFunctionExpression' || parent.type === 'ReturnStatement';
        if (!yielded && !returned)
          problem(node, `${object}.${own}(...) describes an access that is never yielded`);
      } else if (callee.type === 'Identifier' && accessFunctionNames().has(own)) {
        if (parent.type !== 'YieldExpression' || parent.delegate) {
          problem(node, `${own}(...) describes an access that is never yielded`);
        }
      } else if (generatorNames().has(own) && (callee.type === 'Identifier' || /(^|\.)cpu$/.test(object))) {
        const dropped = [
          'ExpressionStatement',
          'IfStatement',
          'UnaryExpression',
          'BinaryExpression',
          'LogicalExpression',
        ];
        if (dropped.includes(parent.type) || (parent.type === 'YieldExpression' && !parent.delegate)) {
          problem(node, `${own}(...) is a generator function: run it with yield*`);
        }
      }
    },
    ForOfStatement({ start, left, right, body }, _state, ancestors) {
      if (!enclosing(ancestors).generator || !containsYield(body)) return;
      const n = loops++;
      out.overwrite(start, right.start, `for(let $list${n}=$listOf(`);
      out.appendLeft(right.end, `),$i${n}=0;$i${n}<$list${n}.length;$i${n}++`);
      const { id } = left.declarations[0];
      out.appendRight(body.start, `{${left.kind} ${code.slice(id.start, id.end)}=$list${n}[$i${n}];`);
      out.appendLeft(body.end, '}');
    },
    IfStatement(node, _state, ancestors) {
      const { func, generator } = enclosing(ancestors);
      if (!generator) return;
      const test = text(node.test);
      const count = n => `$count[${number(n)}]++;`;
      const enter = (branch, n) => {
        if (branch.type === 'BlockStatement') out.appendLeft(branch.start + 1, count(n));
        else {
          out.appendRight(branch.start, `{${count(n)}`);
          out.appendLeft(branch.end, '}');
        }
      };
      enter(node.consequent, site(func, `if (${test})`, node.consequent, 0));
      const otherwise = site(func, `if (${test}) else`, node.alternate ?? node, 0);
      if (node.alternate) enter(node.alternate, otherwise);
      else out.appendLeft(node.consequent.end, ` else {${count(otherwise)}}`);
    },
  });
  if (table.length > 0) {
    const engine = relative(dirname(name), 'src/engine').replaceAll('\\', '/');
    const file = name.replace(/^src\/targets\//, '').replace(/\.(ts|js)$/, '');
    out.prepend(
      `import {registerSites as $register,siteCounts as $counts} from '${engine}/sites.js';` +
        `const $count=$counts;const $listOf=e=>Array.isArray(e)?e:[...e];` +
        `var $site=$register(${JSON.stringify(file)},${JSON.stringify(table)}${first === undefined ? '' : `,${first}`});`,
    );
  }
  return { code: out.toString(), problems, sites: table.length };
}

/** Vite plugin: tests import models from src/, and other modules as `file.ts?model`, as the build makes them. */
export function sitesPlugin() {
  return {
    name: 'pagestorm-sites',
    enforce: 'pre',
    transform(source, id) {
      const [path, query] = id.split('?');
      const name = path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
      if (!(isModel(name) || query === 'model') || !name.endsWith('.ts')) return undefined;
      const { code, problems } = instrument(tsBlankSpace(source), name);
      if (problems.length > 0) throw new Error(problems.join('\n'));
      return { code: code.replace(/(engine\/(?:sites|access))\.js'/g, "$1.ts'"), map: null };
    },
  };
}
