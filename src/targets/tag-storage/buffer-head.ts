import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { getPage } from '../kernel/page.ts';
import { copyHighpage } from './copy.ts';
import { BDEV, type Page, type State } from './state.ts';

/** What bufferMigrateFolio() returns if the page stays where it is. */
export const STAYS = -2;

/** The page of the block device, with a reference: find_get_block() and the page cache behind it. */
export function* bdevGetPage(cpu: Cpu, s: State): Kernel<Page> {
  yield cpu.spinLock(s.k.i_pages);
  const page = s.pages[(yield cpu.readOnce(s.k.bdev_page)) - 1];
  yield getPage(cpu, page);
  yield cpu.spinUnlock(s.k.i_pages);
  return page;
}

/**
 * Chain B of section 3 of the fact sheet: __buffer_migrate_folio() with both folios locked. The page is replaced in the
 * page cache and copied under mapping->private_lock, so that nobody looks a buffer up meanwhile. Returns what is left of
 * the prepared buffer, or STAYS. Buffer heads and their locks are left out.
 */
export function* bufferMigrateFolio(
  cpu: Cpu,
  s: State,
  dst: Page,
  src: Page,
  prepared: number,
): Kernel<number> {
  yield cpu.spinLock(s.k.private_lock);
  // folio_migrate_mapping(): references of the page cache and of the migration.
  yield cpu.spinLock(s.k.i_pages);
  const frozen = (yield cpu.cmpxchg(src.refcount, 2, 0)) === 2;
  if (frozen) {
    yield getPage(cpu, dst);
    yield cpu.writeOnce(dst.mapping, BDEV);
    yield cpu.writeOnce(src.mapping, 0);
    yield cpu.writeOnce(s.k.bdev_page, dst.index + 1);
  }
  yield cpu.spinUnlock(s.k.i_pages);
  let left = STAYS;
  if (frozen) {
    if (s.d.missedCaller) cpu.mightSleep('copy_highpage');
    s.shadow.moved(dst, src);
    left = yield* copyHighpage(cpu, s, dst, src, prepared);
  }
  yield cpu.spinUnlock(s.k.private_lock);
  return left;
}
