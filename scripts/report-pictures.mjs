// Opens reports in a real Chromium (see browser.mjs) at desktop and phone width, light, dark and for print, and fails if
// anything overflows sideways, text leaves a drawing or runs into the next lane, anything is fetched, the console
// complains or a copy button does not copy. Writes the pictures of the README.
//
//     node scripts/report-pictures.mjs [--out docs/pictures] [--campaign <dir>]
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { openBrowser } from './browser.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: join(root, 'docs/pictures') },
    campaign: { type: 'string' },
  },
});

/** Bytes of a picture at most: they are in the repository. */
const MAX_PICTURE = 200_000;

const views = [
  { name: 'desktop-light', width: 1280, height: 860 },
  { name: 'desktop-dark', width: 1280, height: 860, dark: true },
  { name: 'phone-light', width: 390, height: 844 },
  { name: 'phone-dark', width: 390, height: 844, dark: true },
  { name: 'print', width: 794, height: 1123, print: true },
];

const scratch = mkdtempSync(join(tmpdir(), 'pagestorm-pictures-'));
const failures = [];

function pagestorm(...args) {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'bin/pagestorm.js'), ...args], {
    cwd: scratch,
    encoding: 'utf8',
  });
  if (status > 1) throw new Error(`pagestorm ${args.join(' ')}: ${stderr}`);
}

/** The reports to look at: one campaign with findings, one without, a case with a delayed store, one with four CPUs. */
function writeReports() {
  const campaign = options.campaign === undefined ? 'mte-sync' : resolve(options.campaign);
  const search = ['--memory', 'arm64', '--seed', 'pictures', '--deterministic'];
  if (options.campaign === undefined)
    pagestorm(
      'fuzz',
      'mte-sync/v5.19',
      'mte-sync/v6.6-fixed',
      '--execs',
      '20k',
      ...search,
      '--out',
      campaign,
    );
  pagestorm('fuzz', 'mte-sync/v6.6-fixed', '--execs', '2k', ...search, '--out', 'clean');
  pagestorm('report', campaign, '-o', 'campaign.html');
  pagestorm('report', 'clean', '-o', 'clean.html');
  pagestorm('report', join(root, 'corpus/mte-sync/H24-barrier.yaml'), '-o', 'case.html');
  pagestorm('report', join(root, 'corpus/tag-migration/M1-mail.yaml'), '--execs', '0', '-o', 'long.html');
  return ['campaign', 'clean', 'case', 'long'];
}

/** What is wrong with the layout, in the page. */
const layoutFaults = `(() => {
  const faults = [];
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > innerWidth) faults.push('the page is ' + scrollWidth + ' wide in a window of ' + innerWidth);
  for (const svg of document.querySelectorAll('svg.interleaving')) {
    const lanes = [...svg.querySelectorAll('.lane')].map(line => line.x1.baseVal.value).sort((a, b) => a - b);
    for (const text of svg.querySelectorAll('text')) {
      const { x, width } = text.getBBox();
      const next = lanes.find(lane => lane > x + 1) ?? svg.viewBox.baseVal.width;
      if (text.closest('.verdict') === null && x + width > next) faults.push(svg.id + ': "' + text.textContent + '" runs into what is beside it');
      if (x + width > svg.viewBox.baseVal.width) faults.push(svg.id + ': "' + text.textContent + '" leaves the drawing');
    }
  }
  return faults;
})()`;

const copies = `(async () => {
  const buttons = [...document.querySelectorAll('[data-copies] button')];
  buttons[0]?.click();
  await new Promise(resolve => setTimeout(resolve, 300));
  return { buttons: buttons.length, blocks: document.querySelectorAll('[data-copies]').length, word: buttons[0]?.textContent };
})()`;

function check(what, faults) {
  for (const fault of faults) failures.push(`${what}: ${fault}`);
}

async function look(page, report, view) {
  await page.emulate(view);
  await page.open(pathToFileURL(join(scratch, `${report}.html`)).href);
  const what = `${report}, ${view.name}`;
  check(what, await page.evaluate(layoutFaults));
  check(
    what,
    page.requests.map(url => `fetches ${url}`),
  );
  const { buttons, blocks, word } = await page.evaluate(copies);
  if (buttons !== blocks) check(what, [`${blocks} blocks to copy, but ${buttons} buttons`]);
  if (blocks > 0 && word !== 'Copied') check(what, [`a copy button says "${word}"`]);
  check(what, page.complaints);
}

/** Of the window, or of what lies from one element to another. */
async function picture(page, name, selector = undefined, last = selector) {
  const area = `(() => {
    const { x, y, width } = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect();
    const { bottom } = document.querySelector(${JSON.stringify(last)}).getBoundingClientRect();
    return { x: x + scrollX, y: y + scrollY, width, height: bottom - y };
  })()`;
  const png = await page.screenshot(selector === undefined ? undefined : await page.evaluate(area));
  const path = join(options.out, `${name}.png`);
  writeFileSync(path, png);
  const { size } = statSync(path);
  if (size > MAX_PICTURE) check(name, [`the picture has ${size} bytes`]);
  console.log(`${path}: ${size} bytes`);
}

mkdirSync(options.out, { recursive: true });
const reports = writeReports();
const browser = await openBrowser();
try {
  const page = await browser.page();
  for (const report of reports) {
    for (const view of views) {
      await look(page, report, view);
      if (report === 'campaign' && view.name === 'desktop-light')
        await picture(page, 'report', '#verdicts', '#time');
      if (report === 'campaign' && view.name === 'phone-dark') await picture(page, 'report-phone-dark');
      if (report === 'case' && view.name === 'desktop-light')
        await picture(page, 'report-drawing', '#case-drawing');
      if (report === 'case' && view.name === 'desktop-dark')
        await picture(page, 'report-drawing-dark', '#case-drawing');
    }
  }
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
}
for (const failure of failures) console.error(failure);
console.log(`${reports.length} reports in ${views.length} views: ${failures.length} faults`);
process.exitCode = failures.length > 0 ? 1 : 0;
