import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { checkHostWrite, rmpNow } from './checks.ts';
import { hasRmp } from './design.ts';
import { HPAGE, rmpAssigned } from './entries.ts';
import { directMapWalk } from './rmp.ts';
import { Owner, type Page, type State } from './state.ts';

/** Takes the first free frame (or aligned pair) from the allocator, whose lock is not modelled; null if there is none. */
export function* allocFolio(cpu: Cpu, s: State, order: number, owner: number): Kernel<Page | null> {
  for (const page of s.pool) {
    const { machine } = cpu;
    const tail = s.pages[page.index + 1];
    if (order === 1 && (page.index % HPAGE !== 0 || !s.pool.includes(tail))) continue;
    if (machine.peek(page.owner) !== Owner.free) continue;
    if (order === 1 && machine.peek(tail.owner) !== Owner.free) continue;
    if ((yield cpu.cmpxchg(page.owner, Owner.free, owner)) !== Owner.free) continue;
    if (order === 1 && (yield cpu.cmpxchg(tail.owner, Owner.free, owner)) !== Owner.free) {
      yield cpu.xchg(page.owner, Owner.free);
      continue;
    }
    return page;
  }
  return null;
}

/** Whether somebody writes a page that is freed while it is private: only then does it matter. */
function isTouched(cpu: Cpu, s: State, page: Page): boolean {
  return hasRmp(s.d) && rmpAssigned(rmpNow(cpu.machine, s, page.index)) && cpu.choose(2) === 1;
}

/**
 * The frame goes back to the allocator. Whether somebody writes it at once (init_on_free, or the next owner, which on
 * the same CPU gets this very page) is left open; later owners are the operation `alloc_page`.
 */
function* freeFrame(cpu: Cpu, s: State, page: Page): Kernel {
  if (isTouched(cpu, s, page)) {
    const entry = yield directMapWalk(cpu, s, page);
    yield cpu.writeOnce(page.data, 0);
    checkHostWrite(cpu, s, page, entry);
  }
  yield cpu.xchg(page.owner, Owner.free);
}

/** As freeFrame(), where truncation has the last reference: "HOST BLOWS UP TOUCHING PRIVATE PAGES". */
function* truncateFrame(cpu: Cpu, s: State, page: Page): Kernel {
  if (isTouched(cpu, s, page)) {
    const entry = yield directMapWalk(cpu, s, page);
    yield cpu.writeOnce(page.data, 0);
    checkHostWrite(cpu, s, page, entry);
  }
  yield cpu.xchg(page.owner, Owner.free);
}

/** folio_put_refs(): frees the folio with the last reference; `truncating` tells whose reference it was. */
export function* folioPutRefs(cpu: Cpu, s: State, folio: Page, refs: number, truncating = false): Kernel {
  const left = (yield cpu.atomicFetchAdd(folio.refcount, -refs)) - refs;
  cpu.warnOn(left < 0, 'folio_put() underflows the reference count', folio.refcount);
  if (left !== 0) return;
  const order = s.d.hugeFolios ? yield cpu.readOnce(folio.order) : 0;
  yield cpu.writeOnce(folio.flags, 0);
  if (order === 1) yield cpu.writeOnce(folio.order, 0);
  for (let i = (1 << order) - 1; i >= 0; i--) {
    const page = s.pages[folio.index + i];
    if (truncating) yield* truncateFrame(cpu, s, page);
    else yield* freeFrame(cpu, s, page);
  }
}

/** clear_highpage() for each page of a folio, through the direct map. */
export function* clearFolio(cpu: Cpu, s: State, folio: Page, order: number): Kernel {
  for (let i = 0; i < 1 << order; i++) {
    const page = s.pages[folio.index + i];
    const entry = yield directMapWalk(cpu, s, page);
    yield cpu.writeOnce(page.data, 0);
    checkHostWrite(cpu, s, page, entry);
  }
}

/** Another owner gets a freed page, writes to it and gives it back. */
export function* allocAndWrite(cpu: Cpu, s: State): Kernel {
  const page = yield* allocFolio(cpu, s, 0, Owner.other);
  if (page === null) return;
  const entry = yield directMapWalk(cpu, s, page);
  yield cpu.writeOnce(page.data, -1);
  checkHostWrite(cpu, s, page, entry);
  yield cpu.xchg(page.owner, Owner.free);
}

/** Unrelated kernel code writes its own page, which shares a 2M region of the direct map with frames of the allocator. */
export function* kernelWrite(cpu: Cpu, s: State): Kernel {
  const page = s.kernelPage;
  const entry = yield directMapWalk(cpu, s, page);
  yield cpu.writeOnce(page.data, 1);
  checkHostWrite(cpu, s, page, entry);
}
