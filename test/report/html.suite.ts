import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DIRECTORY_VERSION } from '../../src/fuzz/directory/config.ts';
import type { Trace } from '../../src/fuzz/trace.ts';
import { diagram } from '../../src/report/diagram.ts';
import { campaignPage } from '../../src/report/html/campaign-page.ts';
import { casePage } from '../../src/report/html/case-page.ts';
import type { Finding } from '../../src/report/html/finding.ts';
import { subjectOf } from '../../src/report/subject.ts';
import { arrowsOf } from '../../src/report/svg/arrows.ts';
import { chart } from '../../src/report/svg/chart.ts';
import { interleaving } from '../../src/report/svg/interleaving.ts';
import { rowsOf } from '../../src/report/svg/rows.ts';
import { targets } from '../../src/targets/index.ts';
import { corpus, shown } from './corpus.ts';
import { elementsOf, valuesOf } from './markup.ts';

const nasty = `<script>alert("x")</script> & 'quoted' \u0007`;

function findingOf(name: string, change: Partial<Finding> = {}): Finding {
  const { case: one, replayed } = shown(name);
  return {
    id: 'finding-1',
    file: name,
    case: one,
    text: 'version: 1\n',
    subject: subjectOf(one, null, targets, []),
    replayed,
    provenance: [],
    doubt: null,
    tried: [],
    ...change,
  };
}

/** What every page must be. */
function checkPage(text: string): void {
  const elements = elementsOf(text);
  const ids = valuesOf(elements, 'id');
  expect(new Set(ids).size).toBe(ids.length);
  for (const href of valuesOf(elements, 'href')) expect(ids).toContain(href.replace(/^#/, ''));
  for (const labels of valuesOf(elements, 'aria-labelledby'))
    for (const label of labels.split(' ')) expect(ids).toContain(label);
  for (const copied of valuesOf(elements, 'data-copies')) expect(ids).toContain(copied);
  // Nothing that fetches, and nothing that the policy would stop: styles and handlers in attributes.
  const names = new Set(elements.map(one => one.name));
  for (const name of ['link', 'img', 'iframe', 'object', 'base', 'form']) expect(names.has(name)).toBe(false);
  expect(text).not.toMatch(/\s(?:src|style|on\w+)=/);
  expect(text.replaceAll('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:\/\//);
  expect(elements.filter(one => one.name === 'h1')).toHaveLength(1);
}

describe('a drawing of an interleaving', () => {
  it('is well-formed, titled and described, with a lane for each CPU, for all of the corpus', () => {
    for (const { name, replayed } of corpus) {
      const text = interleaving(replayed.trace, 'x').text;
      const elements = elementsOf(text);
      const lanes = elements.filter(one => one.attributes.get('class') === 'lane');
      expect(lanes.length, name).toBe(replayed.trace.cpus);
      expect(text, name).toMatch(
        /^<svg [^>]*role="img" aria-labelledby="x-title x-desc"[^>]*><title id="x-title">[^<]+</,
      );
      expect(text, name).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  it('shows what the diagram shows, a row for each', () => {
    for (const { name, replayed } of corpus) {
      const rows = rowsOf(replayed.trace);
      const flat = (text: string) => text.replace(/[\s:*]+/g, '');
      const shownThere = flat(diagram(replayed.trace));
      for (const row of rows) {
        if (row.kind !== 'access' || row.event?.executed === false) continue;
        expect(shownThere, name).toContain(flat(row.lines.join(' ')));
      }
      expect(rows.at(-1)?.kind === 'violation', name).toBe(replayed.trace.violation !== null);
    }
  });

  const kinds = (trace: Trace) => {
    const rows = rowsOf(trace);
    return arrowsOf(trace, rows).map(
      ({ kind, from, to }) => `${rows[from]?.lines.join('')} ${kind} ${rows[to]?.lines.join('')}`,
    );
  };

  it('has an arrow from a store to the load that read it, and from a delayed one to the load that missed it', () => {
    const arrows = kinds(shown('mte-sync/H24-barrier.yaml').replayed.trace);
    expect(arrows).toEqual([
      'set_bit(PG_mte_tagged, &page->flags) reads test_bit(PG_mte_tagged, &page->flags) -> 1',
      "WRITE_ONCE(page->tags[0], 0) (delayed) missed READ_ONCE(page->tags[0]) = 10 (previous  owner's)",
    ]);
  });

  it('has an arrow to the store that replaces a tag', () => {
    const arrows = kinds(shown('mte-sync/H1-tag-loss.yaml').replayed.trace);
    expect(arrows).toContain('WRITE_ONCE(page->tags[0], 1) replaces WRITE_ONCE(page->tags[0], 0)');
  });

  it('never draws two events on one height, nor an arrow back in time', () => {
    for (const { name, replayed } of corpus) {
      const rows = rowsOf(replayed.trace);
      for (const { from, to } of arrowsOf(replayed.trace, rows)) expect(from, name).toBeLessThan(to);
    }
  });
});

describe('a page', () => {
  it('about a case stands alone, and lets in nothing but its own style and script', () => {
    const text = casePage(findingOf('mte-sync/H24-barrier.yaml'), '0.0.0');
    checkPage(text);
    const policy =
      /Content-Security-Policy" content="([^"]*)"/.exec(text)?.[1]?.replaceAll('&#39;', "'") ?? '';
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+'; base-uri 'none'/,
    );
    for (const name of ['style', 'script']) {
      const content = new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(text)?.[1] ?? '';
      expect(policy).toContain(`'sha256-${createHash('sha256').update(content).digest('base64')}'`);
    }
  });

  it('shows whatever a case says as text', () => {
    const finding = findingOf('mte-sync/D1.yaml', { text: nasty, doubt: nasty, file: `a'b/${nasty}` });
    const text = casePage(finding, nasty);
    checkPage(text);
    expect(text).not.toContain('<script>alert');
    expect(text).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;quoted&#39; \ufffd');
  });

  it('about a campaign says what was run, the verdicts, and what could not be read', () => {
    const config = {
      version: DIRECTORY_VERSION,
      pagestorm: '0.0.0',
      seed: '1',
      jobs: [
        { design: 'mte-sync/v5.19', memory: 'sc', size: { cpus: 2, pages: 1, mms: 2 }, ops: [], seed: '1' },
        {
          design: 'mte-sync/v6.2-fixed',
          memory: 'sc',
          size: { cpus: 2, pages: 1, mms: 2 },
          ops: [],
          seed: '1',
        },
      ],
      executions: null,
      seconds: null,
      untilCrash: false,
      deterministic: false,
      modules: [],
      input: null,
      hangSeconds: 5,
      instance: null,
      main: false,
    };
    const plot = new Map([
      ['run_time', [0, 5, 10]],
      ['edges_found', [0, 100, 120]],
    ]);
    const instance = { name: 'a', dir: 'a', config, command: nasty, alive: true, snapshot: null, plot };
    const report = {
      dir: nasty,
      instances: [instance],
      findings: [findingOf('mte-sync/H1-tag-loss.yaml')],
      unreadable: [{ file: 'crashes/x/found.yaml', reason: nasty }],
      notes: [],
      version: '0.0.0',
    };
    const text = campaignPage(report);
    checkPage(text);
    expect(text).toContain('<td class="hit">violated: <a href="#finding-1">#1</a></td>');
    expect(text).toContain('crashes/x/found.yaml: &lt;script&gt;');
    checkPage(campaignPage({ ...report, findings: [], unreadable: [] }));
    checkPage(campaignPage({ ...report, instances: [instance, { ...instance, name: 'b' }] }));
  });
});

describe('a chart', () => {
  it('holds a value until the next, within its frame, and says in words where it goes', () => {
    const text = chart('c', 'Features', [
      {
        name: 'one',
        points: [
          [0, 0],
          [10, 70],
          [20, 1_100],
        ],
      },
    ]).text;
    expect(elementsOf(text).length).toBeGreaterThan(5);
    expect(text).toContain('one: from 0 to 1,100 after 20 s.');
    expect(text).toContain('d="M52.0 170.0H220.0V164.5H388.0V83.1"');
    for (const empty of [[], [[0, 0]] as const]) {
      expect(chart('c', 'x', [{ name: 'none', points: empty }]).text).not.toMatch(/NaN|Infinity|undefined/);
    }
  });
});
