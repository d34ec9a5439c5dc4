import { oracles } from '../oracles/index.ts';
import type { Outcome } from './outcome.ts';

/** SARIF 2.1.0, as code-scanning services read it: a rule for each oracle, a result for each outcome that is not well. */
export function sarif(outcomes: readonly Outcome[], version: string): string {
  const bad = outcomes.filter(one => one.status !== 'passed');
  const ids = [...new Set(bad.map(one => one.rule))];
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'pagestorm', version, rules: ids.map(rule) } },
        columnKind: 'utf16CodeUnits',
        results: bad.map(one => result(one, ids.indexOf(one.rule))),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function rule(id: string): object {
  const oracle = oracles.find(one => one.id === id);
  if (oracle === undefined) return { id, shortDescription: { text: id } };
  return {
    id,
    shortDescription: { text: oracle.title },
    fullDescription: { text: oracle.rule },
    help: { text: `${oracle.rule}\nSource: ${oracle.source}\nBlind to: ${oracle.blind}` },
  };
}

function result(
  { suite, rule: ruleId, status, message, details, file, fingerprint }: Outcome,
  ruleIndex: number,
): object {
  return {
    ruleId,
    ruleIndex,
    level: status === 'failed' ? 'error' : 'warning',
    message: { text: `${suite}: ${message}${details === '' ? '' : `\n\n${details}`}` },
    ...(file === null ? {} : { locations: [{ physicalLocation: { artifactLocation: { uri: uri(file) } } }] }),
    partialFingerprints: { 'pagestormSignature/v1': fingerprint },
  };
}

/** A path as a relative URI reference: a colon in its first part would read as a scheme. */
function uri(path: string): string {
  const encoded = path.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/');
  return encoded;
}
