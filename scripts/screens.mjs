#!/usr/bin/env node
// Takes the pictures of the campaign screen for the README and docs/screen.md, from real campaigns in a real terminal:
//   node scripts/screens.mjs [--out docs/pictures] [--seconds 40] [--no-png]
// A campaign with findings and one without, each at 80x24, 120x40 and 200x60, an open crash and a step of it: what the
// terminal's cells hold, as text, and as PNG drawn by Chromium (scripts/browser.mjs). Needs `npm run build`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { PseudoTerminal } from './pseudo-terminal.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'docs/pictures') },
    seconds: { type: 'string', default: '40' },
    png: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const sizes = [
  [80, 24],
  [120, 40],
  [200, 60],
];
const dir = mkdtempSync(join(tmpdir(), 'pagestorm-screens-'));
mkdirSync(options.out, { recursive: true });
const pages = [];

/** Keeps what a terminal shows now under a name. */
async function take(terminal, name) {
  // Redraws come twice a second.
  await sleep(1500);
  writeFileSync(
    join(options.out, `${name}.txt`),
    `${terminal.lines
      .map(line => line.trimEnd())
      .join('\n')
      .trimEnd()}\n`,
  );
  const page = join(dir, `${name}.html`);
  writeFileSync(page, html(terminal.screen));
  pages.push({ name, page });
  console.log(name);
}

async function begin(name, args) {
  const terminal = new PseudoTerminal(80, 24);
  await terminal.shows(/prompt>/);
  // A short path, for the log.
  terminal.run(`cd ${dir}`);
  terminal.run(`pagestorm fuzz ${args} --seed 1 --no-selfcheck --out ${name}`);
  return terminal;
}

async function campaign(name, args, begun) {
  const terminal = await begin(name, args);
  await terminal.shows(begun);
  await sleep(1000 * Number(options.seconds));
  for (const [columns, rows] of sizes) {
    terminal.resize(columns, rows);
    await take(terminal, `screen-${name}-${columns}x${rows}`);
  }
  terminal.resize(80, 24);
  return terminal;
}

async function leave(terminal) {
  terminal.type('\x03');
  await terminal.shows(/look again/);
  terminal.close();
}

const found = await campaign('findings', 'mte-sync/v5.19 --memory sc', /▶ +[0-9.]+k?x /);
await leave(found);
// The race of the thread.
const race = await begin('race', 'mte-sync/v5.19 --memory sc --ops store_tag,load_tag,mprotect_mte');
await race.shows(/✓.*tag-loss/);
for (let i = 0; i < 20 && !/▶.*✓.*tag-loss/.test(race.text); i++) {
  race.type('\x1b[B');
  await sleep(1000);
}
race.type('\r');
await race.shows(/\[diagram\].*CPU1/s);
await take(race, 'screen-crash-80x24');
race.type('s');
await race.shows(/step 0 of/);
race.type('v');
await take(race, 'screen-steps-80x24');
race.type('q');
await race.shows(/\[diagram\]/);
await leave(race);
await leave(await campaign('clean', 'mte-sync/v6.2-fixed --memory arm64', /none yet/));

if (options.png) {
  const { openBrowser } = await import('./browser.mjs');
  const browser = await openBrowser();
  try {
    const page = await browser.page();
    for (const one of pages) {
      await page.emulate({ width: 1700, height: 1200 });
      await page.open(pathToFileURL(one.page).href);
      const clip = await page.evaluate(
        `(({ x, y, width, height }) => ({ x, y, width, height }))(document.querySelector('pre').getBoundingClientRect())`,
      );
      writeFileSync(join(options.out, `${one.name}.png`), await page.screenshot(clip));
    }
  } finally {
    await browser.close();
  }
}
rmSync(dir, { recursive: true, force: true });

/** The sixteen colours of a terminal, on a dark ground. */
function colors() {
  return '#1c2128 #f47067 #57ab5a #c69026 #539bf5 #b083f0 #39c5cf #adbac7 #636e7b #ff938a #6bc46d #daaa3f #6cb6ff #dcbdfb #56d4dd #cdd9e5'.split(
    ' ',
  );
}

/** The cells of a terminal as a page. */
function html(screen) {
  const palette = colors();
  const { active } = screen.buffer;
  const rows = Array.from({ length: screen.rows }, (_, y) => {
    const line = active.getLine(active.viewportY + y);
    let out = '';
    let style = '';
    for (let x = 0; x < screen.cols; x++) {
      const cell = line?.getCell(x);
      const next = cell === undefined ? '' : styleOf(cell, palette);
      if (next !== style)
        out += `${style === '' ? '' : '</span>'}${next === '' ? '' : `<span style="${next}">`}`;
      style = next;
      out += escapeHtml(cell?.getChars() || ' ');
    }
    return style === '' ? out : `${out}</span>`;
  });
  return `<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: ${palette[0]} }
pre { display: inline-block; margin: 0; padding: 10px 12px; color: ${palette[7]}; background: ${palette[0]};
  font: 13px/16px "DejaVu Sans Mono", monospace }
</style><pre>${rows.join('\n')}</pre>`;
}

function styleOf(cell, palette) {
  const front = cell.isFgPalette() ? palette[cell.getFgColor()] : undefined;
  const parts = [];
  if (cell.isInverse()) parts.push(`color:${palette[0]};background:${front ?? palette[7]}`);
  else if (front !== undefined) parts.push(`color:${front}`);
  if (cell.isBold()) parts.push('font-weight:bold');
  if (cell.isDim()) parts.push('opacity:.65');
  return parts.join(';');
}

function escapeHtml(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
