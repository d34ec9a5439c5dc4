import { describe, expect, it } from 'vitest';
import { Kind, RmwOp } from '../../src/engine/access.ts';
import type { AccessEvent } from '../../src/fuzz/trace.ts';
import { lockSpans } from '../../src/report/flow/spans.ts';
import { relevant } from '../../src/report/relevance.ts';
import { corpus, shown } from './corpus.ts';

function accesses(events: readonly { readonly type: string }[]): readonly AccessEvent[] {
  return events.filter((event): event is AccessEvent => event.type === 'access');
}

describe('what a diagram shows', () => {
  it('keeps stale reads, old TLB entries, failed allocations, what was pending, and all that the violation is about', () => {
    for (const { name, replayed } of corpus) {
      const { events, violation } = replayed.trace;
      const kept = new Set<unknown>(relevant(replayed.trace).events);
      for (const event of accesses(events)) {
        if (event.setup) continue;
        const failed = event.kind === Kind.Alloc && event.failed;
        const about = violation !== null && violation.address !== 0 && event.address === violation.address;
        if (event.stale > 0 || event.cached || failed || about || !event.executed)
          expect(kept.has(event), `${name}: step ${event.step} of CPU${event.cpu}`).toBe(true);
      }
    }
  });

  it('keeps the locks that are held when a CPU sleeps or all wait', () => {
    for (const { name, replayed } of corpus) {
      const { trace } = replayed;
      const oracle = trace.violation?.oracle ?? '';
      if (oracle !== 'deadlock' && oracle !== 'sleeping-in-atomic') continue;
      const kept = new Set<unknown>(relevant(trace).events);
      for (const { event, to, name: lock } of lockSpans(trace)) {
        if (to === trace.events.length && !event.setup && event.address !== 0)
          expect(kept.has(event), `${name}: ${lock}`).toBe(true);
      }
    }
  });

  it('keeps the chain of a lock-order violation', () => {
    const { trace } = shown('tag-storage/lock-then-allocate.yaml').replayed;
    const kept = accesses(relevant(trace).events);
    const locks = kept.filter(
      ({ kind }) => kind === Kind.Lock || kind === Kind.BitLock || kind === Kind.BitTrylock,
    );
    const names = new Set(locks.map(({ location, kind }) => (kind === Kind.Lock ? location : 'folio_lock')));
    expect(names).toEqual(new Set(['folio_lock', 'mm.tag_blocks_lock']));
  });

  it('leaves out references that were only counted, and critical sections of which nothing is shown', () => {
    const { trace } = shown('tag-migration/M1.yaml').replayed;
    const counted = (event: AccessEvent) => event.op === RmwOp.AddUnless && event.kind === Kind.Rmw;
    expect(accesses(trace.events).some(counted)).toBe(true);
    expect(accesses(relevant(trace).events).some(counted)).toBe(false);
  });

  it('says how much it leaves out: nothing vanishes uncounted', () => {
    for (const { name, replayed } of corpus) {
      const { events, hidden } = relevant(replayed.trace);
      const all = accesses(replayed.trace.events).filter(event => !event.setup).length;
      const left = hidden.reduce((sum, [, count]) => sum + count, 0);
      expect(accesses(events).length + left, name).toBe(all);
    }
  });
});
