/**
 * Page-table entries as small words. Present: attributes, page number from bit 8. `NoStorage` is
 * PAGE_FAULT_ON_ACCESS (PROT_NONE with PTE_TAG_STORAGE_NONE): a present entry that the hardware faults on.
 */
export const Pte = { Present: 1, Tagged: 2, Swap: 4, Migration: 8, NoStorage: 16, ReadOnly: 32 } as const;

export function ptePage(page: number, tagged: boolean, readOnly: boolean): number {
  return Pte.Present | (tagged ? Pte.Tagged : 0) | (readOnly ? Pte.ReadOnly : 0) | (page << 8);
}
export function pteSwap(slot: number): number {
  return Pte.Swap | (slot << 8);
}
export function pteMigration(page: number, readOnly: boolean): number {
  return Pte.Migration | (readOnly ? Pte.ReadOnly : 0) | (page << 8);
}
/** Page or slot number. */
export function pteNumber(pte: number): number {
  return pte >>> 8;
}
/** pte_present(): true for PROT_NONE-like entries as well. */
export function ptePresent(pte: number): boolean {
  return (pte & (Pte.Present | Pte.NoStorage)) !== 0;
}
/** Whether the hardware can access memory through it. */
export function pteValid(pte: number): boolean {
  return (pte & Pte.Present) !== 0;
}
export function pteTagged(pte: number): boolean {
  return (pte & Pte.Tagged) !== 0;
}
export function pteNoStorage(pte: number): boolean {
  return (pte & Pte.NoStorage) !== 0;
}
/** Shared after fork(): a store copies the page first. */
export function pteReadOnly(pte: number): boolean {
  return (pte & Pte.ReadOnly) !== 0;
}
export function isSwapEntry(pte: number): boolean {
  return (pte & Pte.Swap) !== 0;
}
export function isMigrationEntry(pte: number): boolean {
  return (pte & Pte.Migration) !== 0;
}
/** Whether it maps a page frame. */
export function maps(pte: number, page: number): boolean {
  return ptePresent(pte) && pteNumber(pte) === page;
}

export function showPte(pte: number): string {
  if (pte === 0) return 'none';
  const n = pteNumber(pte);
  if (isSwapEntry(pte)) return `swap entry ${n}`;
  if (isMigrationEntry(pte)) return `migration entry of page ${n}`;
  const tagged = pteTagged(pte) ? ', tagged' : '';
  return `page ${n}${pteNoStorage(pte) ? ', fault on access' : tagged}${pteReadOnly(pte) ? ', read-only' : ''}`;
}
