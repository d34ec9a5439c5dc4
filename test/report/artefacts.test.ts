import { describe, expect, it } from 'vitest';
import { junit } from '../../src/report/junit.ts';
import type { Outcome } from '../../src/report/outcome.ts';
import { sarif } from '../../src/report/sarif.ts';

const passed: Outcome = {
  suite: 'demo/fixed (sc)',
  name: 'no violation found',
  status: 'passed',
  rule: '',
  message: '',
  details: '',
  file: null,
  fingerprint: '',
};
const failed: Outcome = {
  suite: 'demo/"quoted" & <odd>',
  name: 'violation: tag-loss | a:b(c) | pages.tags',
  status: 'failed',
  rule: 'tag-loss',
  message: 'tag 1 of page->tags[0]\nis gone',
  details: 'CPU0 ]]> \u0007 <&>',
  file: 'crashes/id:000001,sig:ab/minimized.yaml',
  fingerprint: 'violation: tag-loss | a:b(c) | pages.tags',
};

describe('JUnit', () => {
  it('escapes what XML cannot hold and counts by suite', () => {
    const xml = junit([passed, failed]);
    expect(xml).toContain('<testsuites name="pagestorm" tests="2" failures="1" errors="0" time="0">');
    expect(xml).toContain('<testsuite name="demo/&quot;quoted&quot; &amp; &lt;odd&gt;" tests="1"');
    expect(xml).toContain('message="tag 1 of page-&gt;tags[0]&#10;is gone"');
    expect(xml).toContain('CPU0 ]]&gt; \ufffd &lt;&amp;&gt;</failure>');
    expect(xml).toContain('<testcase classname="demo/fixed (sc)" name="no violation found"/>');
  });
});

describe('SARIF', () => {
  it('has a rule for each oracle, and results only for what is not well', () => {
    const { runs } = JSON.parse(sarif([passed, failed], '1.2.3'));
    expect(runs[0].tool.driver.rules).toHaveLength(1);
    expect(runs[0].tool.driver.rules[0].fullDescription.text).toMatch(/./);
    expect(runs[0].results).toHaveLength(1);
    expect(runs[0].results[0]).toMatchObject({
      ruleId: 'tag-loss',
      level: 'error',
      locations: [
        { physicalLocation: { artifactLocation: { uri: 'crashes/id%3A000001%2Csig%3Aab/minimized.yaml' } } },
      ],
      partialFingerprints: { 'pagestormSignature/v1': failed.fingerprint },
    });
  });
});
