import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { loadCatalogue } from '../src/fuzz/catalogue.ts';
import { modes, prepare, search } from './search.ts';

// Executions to the first finding of catalogue cases: a random walk over fresh programs, the portfolio of strategies over
// fresh programs, and coverage guidance on top of that. Medians over seeds; a search that ends at the limit counts as
// that much. Operations and sizes are those of the catalogue, or all and the target's with --defaults.
//
//     node dist/bench/guidance.js [--seeds N] [--execs N] [--modes a,b] [--defaults] [[target/]case ...]
//
// Each case runs in a process of its own: a second memory model would make the calls of the first polymorphic.

const args = process.argv.slice(2);
const option = (name: string, otherwise: string): string => {
  const at = args.indexOf(name);
  return at < 0 ? otherwise : (args.splice(at, 2)[1] ?? otherwise);
};
const seeds = Number(option('--seeds', '10'));
const limit = Number(option('--execs', '100000'));
const wanted = option('--modes', modes.map(mode => mode.name).join(',')).split(',');
const inner = args.includes('--inner');
const defaults = args.includes('--defaults');
const names = args.filter(arg => !arg.startsWith('--'));

const cases = loadCatalogue()
  .flatMap(entry => entry.cases)
  .filter(one => one.finding !== undefined && !one.byHand)
  .filter(one => names.length === 0 || names.some(name => name === one.case || name === longName(one)));
const chosen = modes.filter(mode => wanted.includes(mode.name));

/** `mte-sync/H1-stale-tags`: other targets may have a case of the same name. */
function longName(one: { readonly case: string; readonly design: string }): string {
  return `${one.design.split('/')[0]}/${one.case}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function measure(): void {
  for (const { case: name, design, memory, finding = '', options = '' } of cases) {
    const { executor, job } = prepare(design, memory, defaults ? [] : options.split(/\s+/));
    const columns = chosen.map(mode => {
      const found = Array.from({ length: seeds }, (_, i) =>
        search(executor, job(`guidance/${i}`), new RegExp(finding), mode, limit),
      );
      const hits = found.filter(one => one.found !== null).length;
      const middle = median(found.map(one => one.found ?? limit));
      return `${hits < seeds ? `${hits}/${seeds} ` : ''}${middle > limit - 1 ? `>${limit}` : Math.round(middle)}`;
    });
    console.log([`${name} (${design}, ${memory})`.padEnd(64), ...columns.map(c => c.padStart(16))].join(''));
  }
}

if (inner) measure();
else {
  console.log(['case'.padEnd(64), ...chosen.map(mode => mode.name.padStart(16))].join(''));
  const common = ['--seeds', String(seeds), '--execs', String(limit), '--modes', wanted.join(',')];
  if (defaults) common.push('--defaults');
  for (const one of cases) {
    const self = fileURLToPath(import.meta.url);
    const { status } = spawnSync(process.execPath, [self, '--inner', ...common, longName(one)], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exitCode = 1;
  }
}
