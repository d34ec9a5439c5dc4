import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { filemapGetFolio } from './filemap.ts';
import { archGmemInvalidate } from './gmem.ts';
import { unmapHostMapping } from './host-unmap.ts';
import { gmemInvalidateBegin, gmemInvalidateEnd } from './invalidate.ts';
import { folioPutRefs } from './page.ts';
import { indexOf, type State } from './state.ts';

/**
 * KVM_SET_MEMORY_ATTRIBUTES2 on the guest_memfd descriptor (in-place conversion, series of May and June 2026): the
 * attribute lives in the inode and changes under invalidate_lock. A page that becomes private must be in nobody's hands:
 * host mappings go first, and any reference beyond the page cache's and our own is -EAGAIN.
 */
export function* gmemSetAttributes(
  cpu: Cpu,
  s: State,
  gfn: number,
  count: number,
  isPrivate: boolean,
): Kernel {
  const { d, inode } = s;
  const start = indexOf(gfn);
  const end = Math.min(start + count, s.indices);
  yield cpu.downWrite(inode.invalidate_lock);
  if (!isPrivate || (yield* isUnused(cpu, s, start, end))) {
    yield* gmemInvalidateBegin(cpu, s, start, end, null);
    if (!isPrivate && d.privateAt !== 'never') yield* archGmemInvalidate(cpu, s, start, end);
    // mas_store_prealloc() in a tree whose lock is invalidate_lock: where it writes in place (an exact fit, a boundary that
    // moves) no lock and no barrier comes after the store.
    for (let index = start; index < end; index++) {
      yield cpu.writeOnce(inode.attributes[index], isPrivate ? 1 : 0);
    }
    yield* gmemInvalidateEnd(cpu, s, start, end);
  }
  yield cpu.upWrite(inode.invalidate_lock);
}

/** Unmaps the host's mappings, then looks for references that others hold. */
function* isUnused(cpu: Cpu, s: State, start: number, end: number): Kernel<boolean> {
  if (s.d.hostUnmap) {
    for (let index = start; index < end; index++) yield* unmapHostMapping(cpu, s, index);
  }
  if (!s.d.refcountCheck) return true;
  for (let index = start; index < end; index++) {
    const folio = yield* filemapGetFolio(cpu, s, index);
    if (folio === null) continue;
    const count = yield cpu.readOnce(folio.refcount);
    yield* folioPutRefs(cpu, s, folio, 1);
    if (count !== 2) return false;
  }
  return true;
}
