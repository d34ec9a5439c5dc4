import { describe, expect, it } from 'vitest';
import { Kind } from '../../src/engine/access.ts';
import type { AccessEvent, Trace } from '../../src/fuzz/trace.ts';
import { flowOf, isRead } from '../../src/report/flow/reads-from.ts';
import { delaySpans, lockSpans } from '../../src/report/flow/spans.ts';
import { perfetto, type TimelineEvent, timeline } from '../../src/report/perfetto.ts';
import { corpus, shown } from './corpus.ts';

function accessesOf({ events }: Trace): readonly AccessEvent[] {
  return events.filter(event => event.type === 'access');
}

/** What a reader calls an access: `CPU1 tags[0] = 0`. */
function brief(event: AccessEvent | null | undefined): string {
  if (event === null || event === undefined) return String(event);
  return `${event.setup ? 'setup' : `CPU${event.cpu}`} ${event.location} ${event.kind === Kind.Store ? event.shown.a : event.shown.result}`;
}

describe('reads-from', () => {
  it('finds where nearly every value in the corpus came from, and never a store after the read', () => {
    let reads = 0;
    let untold = 0;
    for (const { replayed } of corpus) {
      const found = flowOf(replayed.trace).from;
      for (const read of accessesOf(replayed.trace)) {
        if (!isRead(read) || !read.executed || read.address === 0) continue;
        reads++;
        const store = found.get(read);
        if (store === undefined) untold++;
        else if (store !== null) {
          expect(store.step).toBeLessThan(read.step);
          expect(store.address).toBe(read.address);
          if (store.kind === Kind.Store && (read.kind === Kind.Load || read.kind === Kind.Walk))
            expect(store.a === read.result || ((store.a & read.a) !== 0) === (read.result !== 0)).toBe(true);
        }
      }
    }
    expect(reads).toBeGreaterThan(10_000);
    // PSMASH of a huge page changes the entries of its small pages without an access of theirs.
    expect(untold).toBeLessThanOrEqual(3);
  });

  it('takes a read past a delayed store to what was there before', () => {
    const { trace } = shown('mte-sync/H24-barrier.yaml').replayed;
    const found = flowOf(trace).from;
    const last = [...found.keys()].findLast(read => read.location === 'pages[0].tags[0]');
    expect(brief(last)).toBe("CPU1 pages[0].tags[0] 10 (previous owner's)");
    expect(brief(last && found.get(last))).toBe('null');
  });

  it('takes a stale read to an older value than the newest', () => {
    const stale = corpus.flatMap(({ replayed }) =>
      [...flowOf(replayed.trace).from].filter(([read]) => read.stale > 0),
    );
    expect(stale.length).toBeGreaterThan(0);
    for (const [read, store] of stale)
      if (store?.kind === Kind.Store) expect(store.shown.a).not.toBe(read.shown.newest);
  });
});

describe('spans', () => {
  it('last from taking a lock to giving it back, and no two CPUs hold one lock alone at once', () => {
    for (const { name, replayed } of corpus) {
      const spans = lockSpans(replayed.trace).filter(span => !span.shared);
      for (const [i, a] of spans.entries()) {
        expect(a.to, name).toBeGreaterThan(a.from);
        for (const b of spans.slice(i + 1)) {
          const same = a.name === b.name && a.cpu !== b.cpu;
          if (same) expect(b.from >= a.to || a.from >= b.to, `${name}: ${a.name}`).toBe(true);
        }
      }
    }
  });

  it('last from a delayed store to where it becomes visible, once for each', () => {
    for (const { name, replayed } of corpus) {
      const delayed = accessesOf(replayed.trace).filter(event => event.delayed);
      const spans = delaySpans(replayed.trace);
      expect(
        spans.map(span => span.event),
        name,
      ).toEqual(delayed);
      for (const { from, to, event } of spans) {
        expect(to, name).toBeGreaterThanOrEqual(from);
        const end = replayed.trace.events[to];
        if (end?.type === 'access' || end?.type === 'commit')
          expect(
            end.visible.some(one => one.address === event.address && one.cpu === event.cpu),
            name,
          ).toBe(true);
      }
    }
  });
});

describe('the timeline', () => {
  const slicesOf = (events: readonly TimelineEvent[]) => events.filter(event => event.ph === 'X');

  it('ends every span it begins, binds every flow to a slice, and nests the slices of a CPU', () => {
    for (const { name, replayed } of corpus) {
      const events = timeline(replayed.trace);
      const slices = slicesOf(events);
      const key = ({ cat, id, name: text }: TimelineEvent) => `${cat} ${id} ${text}`;
      for (const [begin, end] of [
        ['b', 'e'],
        ['s', 'f'],
      ] as const) {
        const begins = events.filter(event => event.ph === begin);
        const ends = new Map(events.filter(event => event.ph === end).map(event => [key(event), event]));
        expect(new Set(begins.map(key)).size, name).toBe(begins.length);
        expect(ends.size, name).toBe(begins.length);
        for (const event of begins) expect(ends.get(key(event))?.ts, name).toBeGreaterThanOrEqual(event.ts);
      }
      for (const { ts, tid } of events.filter(({ cat }) => cat === 'flow')) {
        const bound = slices.filter(one => one.tid === tid && one.ts < ts && ts < one.ts + (one.dur ?? 0));
        expect(bound.at(-1)?.cat, name).toBe('access');
      }
      for (const tid of new Set(slices.map(one => one.tid))) {
        const open: number[] = [];
        for (const { ts, dur = 0 } of slices.filter(one => one.tid === tid).sort((a, b) => a.ts - b.ts)) {
          while ((open.at(-1) ?? Infinity) <= ts) open.pop();
          expect(ts + dur, name).toBeLessThanOrEqual(open.at(-1) ?? Infinity);
          open.push(ts + dur);
        }
      }
    }
  });

  it('has a slice of a microsecond for each access, and says what failed', () => {
    const { case: one, replayed } = shown('mte-sync/H1-tag-loss.yaml');
    const { traceEvents } = JSON.parse(perfetto(one, replayed.trace)) as { traceEvents: TimelineEvent[] };
    const accesses = traceEvents.filter(event => event.cat === 'access');
    expect(accesses).toHaveLength(replayed.accesses);
    expect(accesses.every(event => event.dur === 1)).toBe(true);
    expect(new Set(accesses.map(event => event.ts)).size).toBe(accesses.length);
    expect(traceEvents.find(event => event.ph === 'i')?.name).toBe('tag-loss');
    const named = traceEvents
      .filter(event => event.name === 'thread_name')
      .map(event => event.args?.['name']);
    expect(named).toEqual(['CPU0', 'CPU1']);
  });
});
