import type { Snapshot } from '../../fuzz/statistics/snapshot.ts';
import { duration, shortCount } from '../format.ts';
import { cell, type Row, type Style, span } from '../text.ts';
import { always, type Panel } from './panel.ts';

/** Share of the executions without anything new from which a campaign counts as quiet, and as worth ending. */
const QUIET = 0.1;
const ENOUGH = 1;
/** A campaign that is younger than this (s) says nothing by being quiet. */
const YOUNG = 60;

/** What the campaign has come to, and whether going on is worth it. */
export const results: Panel = {
  id: 'results',
  title: 'overall results',
  summary: ({ snapshot }) => `${shortCount(snapshot.status.counters.executions)} executions`,
  heights: () => always(4),
  rows: ({ snapshot }, width) => {
    const { counters, rateLastMinute, pending } = snapshot.status;
    const faults = counters.modelFaults > 0 ? `, ${counters.modelFaults} of the model` : '';
    const hangs = counters.hangs > 0 ? `, ${counters.hangs} hang` : '';
    const hint = stopHint(snapshot);
    const cycles = width < 50 ? '' : `, ${shortCount(counters.cycles)} cycles`;
    const rows: (readonly [string, string, Style])[] = [
      ['executions', `${shortCount(counters.executions)} (${shortCount(rateLastMinute)}/s)`, 'strong'],
      [
        'crashes',
        `${counters.findings}${faults}${hangs}`,
        counters.findings + counters.modelFaults > 0 ? 'bad' : 'plain',
      ],
      ['queue', `${shortCount(counters.queued)} entries, ${shortCount(pending)} pending${cycles}`, 'plain'],
      ['stop?', hint.text, hint.style],
    ];
    return rows.map(([name, value, style]): Row => [cell(name, 11, 'dim'), span(value, style)]);
  },
};

export interface Hint {
  readonly level: 'ended' | 'early' | 'busy' | 'quiet' | 'enough';
  readonly text: string;
  readonly style: Style;
}

/** Whether something new is still to be expected. */
export function stopHint({ status, stop, state, reason }: Snapshot): Hint {
  if (state === 'ended') return { level: 'ended', text: endText(reason), style: 'plain' };
  if (status.counters.runSeconds < YOUNG)
    return { level: 'early', text: 'too early to tell', style: 'plain' };
  const quiet = duration(stop.quietSeconds);
  if (stop.ratio >= ENOUGH) return { level: 'enough', text: `quiet ${quiet}: may stop`, style: 'good' };
  if (stop.ratio >= QUIET) return { level: 'quiet', text: `quiet for ${quiet}`, style: 'warn' };
  return { level: 'busy', text: 'no: new features come', style: 'plain' };
}

/** Why a campaign ended, in words. */
export function endText(reason: Snapshot['reason']): string {
  switch (reason) {
    case 'executions':
      return 'ended: all executions run';
    case 'time':
      return 'ended: time is up';
    case 'crash':
      return 'ended: at the first crash';
    case 'nothing-left':
      return 'ended: no design is left';
    case 'stopped':
      return 'ended by the user';
    case null:
      return 'ended';
  }
}
