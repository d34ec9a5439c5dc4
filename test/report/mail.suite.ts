import { describe, expect, it } from 'vitest';
import { verdictText } from '../../src/fuzz/case/case.ts';
import { readCase } from '../../src/fuzz/case/read.ts';
import { writeCase } from '../../src/fuzz/case/write.ts';
import { loadCatalogue } from '../../src/fuzz/catalogue.ts';
import { Executor } from '../../src/fuzz/executor.ts';
import { explore } from '../../src/fuzz/explore.ts';
import { parseSelection } from '../../src/fuzz/selection.ts';
import type { Tried } from '../../src/report/certainty.ts';
import { explain } from '../../src/report/explain.ts';
import { mail } from '../../src/report/mail.ts';
import { subjectOf } from '../../src/report/subject.ts';
import { MAIL_WIDTH } from '../../src/report/wrap.ts';
import { targets } from '../../src/targets/index.ts';
import { corpus, type Shown, shown } from './corpus.ts';

const catalogue = loadCatalogue();

function mailOf({ name, case: one, replayed }: Shown, tried: readonly Tried[] = []): string {
  const subject = subjectOf(one, name.replace(/^.*\/|\.yaml$/g, ''), targets, catalogue);
  const [selection] = parseSelection(subject.design, targets);
  if (selection === undefined) throw new Error(subject.design);
  const { operations } = selection.target.build(selection.settings, one.size);
  const text = writeCase(one, { operations }, [replayed.trace.violation?.message ?? verdictText(one.expect)]);
  return mail({ case: one, text, subject, replayed, tried, version: '0.0.0' });
}

describe('a mail', () => {
  it('is at most 76 columns of plain text, and brings its case unharmed', () => {
    for (const one of corpus) {
      const text = mailOf(one);
      expect(
        text.split('\n').filter(line => line.length > MAIL_WIDTH),
        one.name,
      ).toEqual([]);
      expect(text, one.name).toMatch(/^[\x20-\x7e\n]*$/);
      expect(text, one.name).not.toMatch(/undefined|NaN/);
      const carried = /-- >8 -- case\.yaml -- >8 --\n(.*)\n-- 8< --/s.exec(text)?.[1] ?? '';
      expect(readCase(Buffer.from(carried), 'mail', targets), one.name).toEqual(one.case);
    }
  });

  it('names design, origin, memory model, known bug, rule and commands', () => {
    const text = mailOf(shown('mte-sync/H24-barrier.yaml'));
    expect(text).toContain('Subject: [pagestorm] mte-sync/tag-clearing-v1+flag-last: stale-tags (arm64)');
    expect(text).toMatch(/^ {2}from: {4}Peter Collingbourne, June 2022/m);
    expect(text).toMatch(/^Memory: {4}arm64: delayed stores and stale loads/m);
    expect(text).toMatch(/^Known as: {2}mte:H24-barrier: /m);
    expect(text).toMatch(/^The rule: No owner reads a tag/m);
    expect(text).toContain('npx pagestorm replay case.yaml --diagram');
    expect(text).toContain('npx pagestorm fuzz mte-sync/tag-clearing-v1+flag-last --memory arm64');
    expect(text).toContain('It takes 1 delayed store.');
  });

  it('says of a hazard that nobody has confirmed it', () => {
    expect(mailOf(shown('mte-sync/N1.yaml'))).toMatch(/no\s+kernel developer\s+has\s+confirmed it/);
  });

  it('says within which bound every execution was run, and in how many it showed', () => {
    const one = shown('mte-sync/H2.yaml');
    const { signature } = one.case.expect as { signature: string };
    const [selection] = parseSelection('mte-sync/v5.17', targets);
    if (selection === undefined) throw new Error('no such design');
    const run = (memory: 'arm64' | 'sc') => {
      const executor = new Executor(selection, memory, one.case.size);
      const task = { type: 'explore', case: one.case, signature, executions: 6_000, samples: 10 } as const;
      return {
        design: 'mte-sync/v5.17',
        memory,
        explored: explore(executor, task, () => true),
      };
    };
    const tried = [run('arm64'), run('sc')];
    const text = mailOf(one, tried);
    // One CPU is left once, and one store is delayed: with less of either it does not happen.
    expect(text).toMatch(
      /\n +0 +0 +\d+ +0 {2}all\n +1 +0 +\d+ +0 {2}all\n +0 +1 +\d+ +0 {2}all\n +1 +1 +[\d,]+ +[1-9]\d* {2}all\n/,
    );
    expect(text).toMatch(/\* Under sc: violated in none of [\d,]+ executions/);
  });

  it('says nothing of its bounds that their table does not show', () => {
    const bound = (preemptions: number, shown: number, complete = true, unjudged = 0) => ({
      ...{ preemptions, reorderings: 0, executions: 9, shown, unjudged, complete },
    });
    const saying = (...bounds: ReturnType<typeof bound>[]): string => {
      const explored = { bounds, sampled: 0, shownSampled: 0 };
      const tried = { design: 'mte-sync/v5.17', memory: 'sc', explored };
      return mailOf(shown('mte-sync/H2.yaml'), [tried, tried]).replace(/\s+/g, ' ');
    };
    expect(saying(bound(0, 0), bound(1, 0))).toMatch(
      /within the bounds below.*None of those shows it: it takes more.*none of 9 executions with at most 1 pre/,
    );
    expect(saying(bound(0, 0), bound(1, 2, false))).toMatch(
      /that the table calls "all".*Where all were run none shows it; within the last.*some do.*\(all there are\), 2 of 9/,
    );
    expect(saying(bound(0, 0), bound(1, 0, false))).toMatch(/None of those shows it: it takes more/);
    expect(saying(bound(0, 0, true, 1))).toMatch(/None of those shows it that was judged/);
    // The last bound is not the widest: it may allow fewer reorderings.
    const earlier = saying(bound(0, 3), bound(1, 0));
    expect(earlier).not.toMatch(/None of those|Where all/);
    expect(earlier).toMatch(/violated in 3 of 9 executions with no preemptions \(all there are\)/);
    expect(saying(bound(0, 1, false))).toMatch(/No bound could be exhausted/);
  });
});

describe('an explanation', () => {
  it('of every violation of the corpus ends with what the oracle says, and is short', () => {
    for (const { name, replayed } of corpus) {
      const story = explain(replayed.trace);
      const { violation } = replayed.trace;
      if (violation === null) expect(story, name).toEqual([]);
      else {
        expect(story.at(-1), name).toContain(`: ${violation.oracle}: `);
        expect(story.length, name).toBeLessThanOrEqual(9);
      }
    }
  });

  it('tells who stored, what was delayed, and what was read past it', () => {
    const story = explain(shown('mte-sync/H24-barrier.yaml').replayed.trace);
    expect(story[0]).toBe(
      'CPU0, in mprotect_mte(): WRITE_ONCE(page->tags[0], 0); the store is delayed, and no other CPU ever sees it in this execution.',
    );
    expect(story[2]).toBe(
      'CPU1, in load_tag(): test_bit(PG_mte_tagged, &page->flags) -> 1; as set by CPU0 in mprotect_mte().',
    );
    expect(story[3]).toContain("CPU0's store of 0 is still delayed");
  });

  it('tells whose value is replaced', () => {
    const story = explain(shown('mte-sync/H1-tag-loss.yaml').replayed.trace);
    expect(story.at(-2)).toBe(
      'CPU1, in mprotect_mte(): WRITE_ONCE(page->tags[0], 0); it replaces 1, stored by CPU0 in store_tag().',
    );
  });
});
