// Writes the values of constants where they are used: `Kind.Load` becomes `1`, as a `const enum` would. What a module
// imports is a variable to V8: every use loads the object, checks its shape and loads the property, and a `switch` over
// such cases is a row of comparisons. In the source the constants stay objects with names and docstrings.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'acorn';
import { ancestor, simple } from 'acorn-walk';
import MagicString from 'magic-string';
import tsBlankSpace from 'ts-blank-space';

const parseModule = code => parse(code, { ecmaVersion: 'latest', sourceType: 'module' });

/** The value of a number as source code has it, undefined for any other expression. */
function numberOf(node) {
  if (node.type === 'Literal') return typeof node.value === 'number' ? node.value : undefined;
  if (node.type === 'UnaryExpression' && node.operator === '-') {
    const value = numberOf(node.argument);
    return value === undefined ? undefined : -value;
  }
  if (node.type === 'BinaryExpression' && node.operator === '<<') {
    const [left, right] = [numberOf(node.left), numberOf(node.right)];
    return left === undefined || right === undefined ? undefined : left << right;
  }
  return undefined;
}

/** The constant that an initialiser makes: a number, or a map of numbers by name; else undefined. */
function constantOf(node) {
  if (node?.type !== 'ObjectExpression') return node ? numberOf(node) : undefined;
  const members = new Map();
  for (const { type, key, value, computed, kind } of node.properties) {
    const number = type === 'Property' && kind === 'init' && !computed ? numberOf(value) : undefined;
    if (number === undefined || key.type !== 'Identifier') return undefined;
    members.set(key.name, number);
  }
  return members;
}

const exported = new Map();
/** The constants that a source file exports, by name; screens (JSX) export none that others compute with. */
function constantsOf(path) {
  if (path.endsWith('.tsx')) return new Map();
  let constants = exported.get(path);
  if (constants !== undefined) return constants;
  constants = new Map();
  exported.set(path, constants);
  // Screens (.tsx) export components only.
  if (!existsSync(path)) return constants;
  for (const node of parseModule(tsBlankSpace(readFileSync(path, 'utf8'))).body) {
    if (node.type !== 'ExportNamedDeclaration' || node.declaration?.kind !== 'const') continue;
    for (const { id, init } of node.declaration.declarations) {
      const constant = constantOf(init);
      if (constant !== undefined) constants.set(id.name, constant);
    }
  }
  return constants;
}

/** The source of a module that is imported as .js. */
function sourceOf(path) {
  const source = path.replace(/\.js$/, '.ts');
  return existsSync(source) ? source : `${source}x`;
}

/** The constants that a module imports, by their local name, without names that it declares anew somewhere. */
function importedBy(tree, path) {
  const found = new Map();
  for (const node of tree.body) {
    if (node.type !== 'ImportDeclaration' || !node.source.value.startsWith('.')) continue;
    const constants = constantsOf(sourceOf(join(dirname(path), node.source.value)));
    for (const { type, imported, local } of node.specifiers) {
      const constant = type === 'ImportSpecifier' ? constants.get(imported.name) : undefined;
      if (constant !== undefined) found.set(local.name, constant);
    }
  }
  simple(tree, {
    VariablePattern: ({ name }) => found.delete(name),
    Function: ({ id }) => id && found.delete(id.name),
    Class: ({ id }) => id && found.delete(id.name),
  });
  return found;
}

/** Replaces the imported constants of one module; `path` is that of its source, `code` the JavaScript made of it. */
export function inlineConstants(code, path) {
  const tree = parseModule(code);
  const constants = importedBy(tree, path);
  if (constants.size === 0) return code;
  const out = new MagicString(code);
  const replace = ({ start, end }, value) =>
    out.overwrite(start, end, (value < 0 ? `(${value})` : String(value)).padEnd(end - start));
  ancestor(tree, {
    Identifier(node, _state, ancestors) {
      const constant = constants.get(node.name);
      const parent = ancestors[ancestors.length - 2];
      if (typeof constant === 'number') {
        if (!parent.shorthand) replace(node, constant);
      } else if (constant !== undefined && parent.type === 'MemberExpression' && !parent.computed) {
        const value = parent.object === node ? constant.get(parent.property.name) : undefined;
        if (value !== undefined) replace(parent, value);
      }
    },
  });
  return out.toString();
}
