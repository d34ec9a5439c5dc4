import * as kernel from '../kernel/pte.ts';

/**
 * PAGE_FAULT_ON_ACCESS (PROT_NONE with PTE_TAG_STORAGE_NONE): a present entry that the hardware faults on, because the
 * page's tags have no storage.
 */
const NO_STORAGE = 32;

export function pteNoStoragePage(page: number, write: boolean): number {
  return NO_STORAGE | (kernel.ptePage(page, true, write) & ~kernel.Pte.Present);
}
export function pteNoStorage(pte: number): boolean {
  return (pte & NO_STORAGE) !== 0;
}
/** pte_present(): true for PROT_NONE-like entries as well. */
export function ptePresent(pte: number): boolean {
  return (pte & (kernel.Pte.Present | NO_STORAGE)) !== 0;
}
/** Whether the hardware can access memory through it. */
export function pteValid(pte: number): boolean {
  return kernel.ptePresent(pte);
}
/** Whether it maps a page frame. */
export function maps(pte: number, page: number): boolean {
  return ptePresent(pte) && kernel.pteNumber(pte) === page;
}

export function showPte(pte: number): string {
  if (!pteNoStorage(pte)) return kernel.showPte(pte);
  return `page ${kernel.pteNumber(pte)}, fault on access${kernel.pteWrite(pte) ? '' : ', read-only'}`;
}
