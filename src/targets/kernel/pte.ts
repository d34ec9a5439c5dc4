/**
 * Page-table entries as small words. Present: `Present`, attributes, page number from bit 8. Not present: `Swap` with
 * the slot number, or `Migration` with the page number. `Exclusive`: no other address space maps the anonymous page; in a
 * swap entry pte_swp_exclusive(), in a read-only entry what PageAnonExclusive says (a writable one needs no mark). Targets add
 * attributes of their own in bits 5 and 6.
 */
export const Pte = { Present: 1, Tagged: 2, Write: 4, Swap: 8, Migration: 16, Exclusive: 128 } as const;

export function ptePage(page: number, tagged: boolean, write: boolean): number {
  return Pte.Present | (tagged ? Pte.Tagged : 0) | (write ? Pte.Write : 0) | (page << 8);
}
export function pteSwap(slot: number, exclusive = false): number {
  return Pte.Swap | (exclusive ? Pte.Exclusive : 0) | (slot << 8);
}
/** make_writable_migration_entry() and the like, for what `old` was. */
export function pteMigration(page: number, old: number): number {
  return Pte.Migration | (old & (Pte.Write | Pte.Exclusive)) | (page << 8);
}
/** Page or slot number. */
export function pteNumber(pte: number): number {
  return pte >>> 8;
}
export function ptePresent(pte: number): boolean {
  return (pte & Pte.Present) !== 0;
}
export function pteTagged(pte: number): boolean {
  return (pte & Pte.Tagged) !== 0;
}
export function pteWrite(pte: number): boolean {
  return (pte & Pte.Write) !== 0;
}
/** The page is the address space's alone: writable, or marked so. */
export function pteExclusive(pte: number): boolean {
  return (pte & (Pte.Write | Pte.Exclusive)) !== 0;
}
export function isSwapEntry(pte: number): boolean {
  return (pte & Pte.Swap) !== 0;
}
export function isMigrationEntry(pte: number): boolean {
  return (pte & Pte.Migration) !== 0;
}

export function showPte(pte: number): string {
  if (pte === 0) return 'none';
  const n = pteNumber(pte);
  if (isSwapEntry(pte)) return `swap entry ${n}`;
  if (isMigrationEntry(pte)) return `migration entry of page ${n}`;
  return `page ${n}${pteTagged(pte) ? ', tagged' : ''}${pteWrite(pte) ? '' : ', read-only'}`;
}
