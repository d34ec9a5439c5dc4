#!/usr/bin/env node
// Runs the matrix of all targets and writes it into README.md, between its markers, and with the costs to docs/matrix.md:
//   node scripts/readme-matrix.mjs [options of pagestorm matrix, such as --execs 50k --seed 1]
// Ends with the exit code of the matrix. Run `npm run build` before.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeAtomic } from '../dist/fuzz/directory/atomic.js';
import { matrixMarkdown } from '../dist/report/matrix/markdown.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const BEGIN = '<!-- matrix: written by scripts/readme-matrix.mjs -->';
const END = '<!-- matrix: end -->';
const options = process.argv.slice(2);

/** Standard output and exit code of the command; its progress goes to the terminal. */
function run(args) {
  const child = spawn(process.execPath, [join(root, 'bin/pagestorm.js'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', chunk => {
    out += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => resolve({ out, code }));
  });
}

const { out, code } = await run(['matrix', '--json', ...options]);
if (code > 1) process.exit(code);
const { tables } = JSON.parse(out);
if (tables.some(table => table.notRun.length > 0)) {
  console.error('readme-matrix: the run was not complete; nothing is written');
  process.exit(1);
}
const command = ['pagestorm matrix', ...options].join(' ');
const without = tables.map(table => ({ ...table, rows: table.rows.map(row => ({ ...row, cost: null })) }));

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const [before, rest] = readme.split(BEGIN);
const after = rest?.split(END)[1];
if (after === undefined) {
  console.error(`readme-matrix: README.md lacks the markers ${BEGIN} and ${END}`);
  process.exit(2);
}
const section = `${BEGIN}

Obtained by \`${command}\`; what each design costs stands in [docs/matrix.md](docs/matrix.md).

${matrixMarkdown(without)}

${END}`;
await writeAtomic(join(root, 'README.md'), `${before}${section}${after}`);
await writeAtomic(
  join(root, 'docs/matrix.md'),
  `# Designs by oracles\n\nObtained by \`${command}\` (\`node scripts/readme-matrix.mjs\` writes this page).\n\n${matrixMarkdown(tables, 2)}\n`,
);
process.exitCode = code;
