import type { Outcome } from './outcome.ts';

/** JUnit XML as CI systems read it: a suite for each design or folder, a test case for each outcome. */
export function junit(outcomes: readonly Outcome[]): string {
  const suites = [...new Set(outcomes.map(one => one.suite))].map(name => {
    return suite(
      name,
      outcomes.filter(one => one.suite === name),
    );
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes({ name: 'pagestorm', ...counts(outcomes) })}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

function suite(name: string, outcomes: readonly Outcome[]): string {
  const cases = outcomes.map(testCase);
  return [`  <testsuite ${attributes({ name, ...counts(outcomes) })}>`, ...cases, '  </testsuite>'].join(
    '\n',
  );
}

function testCase({ suite: classname, name, status, rule, message, details, file }: Outcome): string {
  const head = attributes({ classname, name, ...(file === null ? {} : { file }) });
  if (status === 'passed') return `    <testcase ${head}/>`;
  const tag = status === 'failed' ? 'failure' : 'error';
  const body = `      <${tag} ${attributes({ type: rule, message })}>${text(details)}</${tag}>`;
  return [`    <testcase ${head}>`, body, '    </testcase>'].join('\n');
}

function counts(outcomes: readonly Outcome[]): Record<string, string> {
  const count = (status: Outcome['status']): string =>
    String(outcomes.filter(one => one.status === status).length);
  return { tests: String(outcomes.length), failures: count('failed'), errors: count('error'), time: '0' };
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}="${escaped(value).replaceAll('"', '&quot;').replaceAll('\n', '&#10;')}"`)
    .join(' ');
}

function text(value: string): string {
  return escaped(value);
}

/** XML 1.0 has no way to write most control characters, so they are replaced. */
function escaped(value: string): string {
  return (
    value
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
  );
}
