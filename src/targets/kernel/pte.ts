/**
 * Page-table entries as small words. Present: `Present`, attributes, page number from bit 8. Not present: `Swap` with
 * the slot number, or `Migration` with the page number. Targets add attributes of their own from bit 5 to bit 7.
 */
export const Pte = { Present: 1, Tagged: 2, Write: 4, Swap: 8, Migration: 16 } as const;

export function ptePage(page: number, tagged: boolean, write: boolean): number {
  return Pte.Present | (tagged ? Pte.Tagged : 0) | (write ? Pte.Write : 0) | (page << 8);
}
export function pteSwap(slot: number): number {
  return Pte.Swap | (slot << 8);
}
export function pteMigration(page: number, write: boolean): number {
  return Pte.Migration | (write ? Pte.Write : 0) | (page << 8);
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
