import type { AccessEvent, Trace } from '../../fuzz/trace.ts';
import { flowOf, isRead, sourceOf } from '../flow/reads-from.ts';
import { delaySpans } from '../flow/spans.ts';
import type { Row } from './rows.ts';

/** What one CPU saw, or did not see, of a store of another. */
export interface Arrow {
  /** `missed`: the read went past a store that is still delayed; `replaces`: the store that it replaced is what is judged. */
  readonly kind: 'reads' | 'stale' | 'missed' | 'replaces';
  /** Places among the rows. */
  readonly from: number;
  readonly to: number;
}

/** Arrows between accesses that the rows show: each read's from the store of another CPU, the first read of it only. */
export function arrowsOf(trace: Trace, rows: readonly Row[]): readonly Arrow[] {
  const flow = flowOf(trace);
  const places = new Map(rows.flatMap((row, i) => (row.event === null ? [] : [[row.event, i] as const])));
  const delays = delaySpans(trace);
  const known = new Set<string>();
  const arrows: Arrow[] = [];
  const add = (kind: Arrow['kind'], store: AccessEvent, read: AccessEvent): void => {
    const [from, to] = [places.get(store), places.get(read)];
    if (from === undefined || to === undefined || store.cpu === read.cpu) return;
    const key = `${kind === 'reads'} ${read.cpu} ${from}`;
    if (kind === 'reads' && known.has(key)) return;
    known.add(key);
    arrows.push({ kind, from, to });
  };
  for (const { event: store } of rows) {
    const old = store === null ? undefined : flow.over.get(store)?.store;
    if (store === null || old === undefined || old === null) continue;
    if (store.address === trace.violation?.address && !isRead(store)) add('replaces', old, store);
  }
  for (const { event: read, at } of rows) {
    if (read === null || !flow.from.has(read)) continue;
    const store = sourceOf(flow, read);
    if (store !== null && store !== undefined) add(read.stale > 0 ? 'stale' : 'reads', store, read);
    for (const { event: delayed, from, to } of delays) {
      if (delayed.address === read.address && from < at && at < to) add('missed', delayed, read);
    }
  }
  return arrows;
}
