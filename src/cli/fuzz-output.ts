import { join, relative } from 'node:path';
import type { CampaignEvent } from '../fuzz/events.ts';
import { figures } from '../fuzz/statistics/statistics.ts';
import { stopHint } from '../tui/panels/results.ts';
import { progressLine } from './progress.ts';

/**
 * How a campaign is shown: a screen on a terminal, plain lines, plain lines for a screen reader (only when something
 * changes), or JSON.
 */
export type Mode = 'screen' | 'plain' | 'spoken' | 'json';

/** The output in lines: all of it, or what comes before and after the screen. */
export function lineOutput({ mode, debug }: { readonly mode: Mode; readonly debug: boolean }): Output {
  if (mode === 'json') return jsonOutput;
  return mode === 'spoken' ? spokenOutput(debug) : plainOutput(debug);
}

/** Shows what a campaign tells. */
export type Output = (event: CampaignEvent) => void;

/** Seconds between progress lines. */
const PROGRESS_SECONDS = 5;

/** Plain lines: for logs, and where the output is no terminal. */
export function plainOutput(debug: boolean): Output {
  let printed = 0;
  return event => {
    switch (event.type) {
      case 'start':
        console.log(`${event.resumed ? 'going on' : 'fuzzing'}: ${event.designs.join(', ')}`);
        console.log(
          `seed ${event.seed}, ${event.workers} ${event.workers === 1 ? 'worker' : 'workers'}` +
            `${event.deterministic ? ', deterministic' : ''}, campaign directory ${event.dir}` +
            `${event.limited ? '' : '; Ctrl-C ends it'}`,
        );
        return;
      case 'status': {
        const { runSeconds } = event.snapshot.status.counters;
        if (printed === 0) printed = runSeconds;
        if (runSeconds - printed < PROGRESS_SECONDS) return;
        printed = runSeconds;
        console.log(progressLine(event.snapshot.status));
        return;
      }
      case 'finding':
        if (event.modelFault) {
          const design = `${event.design} (${event.memory})`;
          console.error(`pagestorm: ${event.verdict} in ${design}: ${event.message}`);
        } else console.log(`found: ${event.key} in ${event.design} (${event.memory}); minimising it`);
        return;
      case 'report':
        if (!event.modelFault || debug) console.log(`\n${event.text}`);
        console.log(
          `replay it: pagestorm replay --diagram '${relative('.', join(event.folder, event.file))}'\n`,
        );
        return;
      case 'selfcheck':
        if (event.ok) console.log(shortCheck(event.lines));
        else for (const line of event.lines) console.error(line);
        return;
      case 'note':
        (event.level === 'warning' ? console.error : console.log)(`pagestorm: ${event.message}`);
        return;
      case 'sites':
        console.log(`sites reached: ${event.total - event.missed.length} of ${event.total}`);
        for (const missed of event.missed) console.log(`  not reached: ${missed}`);
        return;
      case 'end':
        console.log(`done: ${progressLine(event.snapshot.status)}`);
        if (event.snapshot.status.minimizing > 0) {
          console.log(`${event.snapshot.status.minimizing} findings are not minimised yet; --resume does it`);
        }
    }
  };
}

/** Plain lines as well, but how far it is only when that has changed in kind. */
export function spokenOutput(debug: boolean): Output {
  const plain = plainOutput(debug);
  let said = '';
  return event => {
    if (event.type !== 'status') return plain(event);
    const { snapshot } = event;
    const hint = stopHint(snapshot);
    const now = `${snapshot.state} ${hint.level}`;
    if (now === said) return;
    said = now;
    console.log(`${snapshot.state}, ${hint.text}: ${progressLine(snapshot.status)}`);
  };
}

/** One object a line; see docs/json.md. */
export const jsonOutput: Output = event => {
  if (event.type === 'status' || event.type === 'end') {
    const { snapshot, ...rest } = event;
    console.log(JSON.stringify({ ...rest, ...figures(snapshot.status) }));
  } else console.log(JSON.stringify(event));
};

/** A self-check that went well needs one line. */
function shortCheck(lines: readonly string[]): string {
  return lines.map((line, i) => (i === 0 ? line : line.replace(/^[^:]*: /, ''))).join('; ');
}
