// Builds dist/ from src/ and bench/: types are blanked out in place (so every line and column of the output is
// that of the TypeScript source, and stack traces need no source maps; screens, whose JSX must be compiled, come from
// TypeScript itself), import paths become .js, the models get their site numbers (scripts/sites.mjs), and imported
// constants are written where they are used (scripts/constants.mjs).
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import tsBlankSpace from 'ts-blank-space';
import ts from 'typescript';
import { inlineConstants } from './constants.mjs';
import { instrument, isModel } from './sites.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(root, 'dist');

function* sources(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts')) yield path;
  }
}

/** Compiles a file with JSX. */
function compileJsx(code, fileName) {
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    jsx: ts.JsxEmit.ReactJSX,
    verbatimModuleSyntax: true,
  };
  const result = ts.transpileModule(code, { fileName, compilerOptions, reportDiagnostics: true });
  for (const { messageText } of result.diagnostics ?? []) {
    problems.push(`${fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
  }
  return result.outputText;
}

/** The number of the next site; 0 is that of accesses outside models. The order of `sources` is that of the folders. */
let nextSite = 1;
const problems = [];
const compiled = [];
for (const [dir, target] of [
  ['src', ''],
  ['bench', 'bench'],
]) {
  for (const path of sources(join(root, dir))) {
    const name = relative(root, path).replaceAll('\\', '/');
    const source = readFileSync(path, 'utf8');
    let code = path.endsWith('x')
      ? compileJsx(source, name)
      : tsBlankSpace(source, node =>
          problems.push(`${name}: syntax that types cannot be erased from: ${node.getText().slice(0, 60)}`),
        );
    code = code.replace(/((?:from|import)\s*\(?\s*'\.[^']*)\.tsx?'/g, "$1.js'");
    if (isModel(name)) {
      const result = instrument(code, name, nextSite);
      problems.push(...result.problems);
      code = result.code;
      nextSite += result.sites;
    }
    code = inlineConstants(code, path);
    // bench/ lies beside dist's own folders, so that its imports of ../src/ become ../
    if (dir === 'bench') code = code.replace(/'\.\.\/src\//g, "'../");
    compiled.push([join(out, target, relative(join(root, dir), path).replace(/\.tsx?$/, '.js')), code]);
  }
}
if (problems.length > 0) {
  for (const problem of problems) console.error(problem);
  process.exit(1);
}
rmSync(out, { recursive: true, force: true });
for (const [path, code] of compiled) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, code);
}
