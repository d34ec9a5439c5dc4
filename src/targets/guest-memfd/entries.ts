/** Encodings of the tables that hardware reads: RMP, direct map, nested page table. Two pages stand for 2M. */

/** Pages of a 2M region in the model; 512 in the machine. */
export const HPAGE = 2;

/** RMP entry: 0 is hypervisor-owned, else assigned with size, immutable bit and gfn. */
const ASSIGNED = 1;
const RMP_2M = 2;
const IMMUTABLE = 4;

export function rmpPrivate(gfn: number, huge: boolean, immutable = false): number {
  return ASSIGNED | (huge ? RMP_2M : 0) | (immutable ? IMMUTABLE : 0) | (gfn << 3);
}
export function rmpAssigned(entry: number): boolean {
  return (entry & ASSIGNED) !== 0;
}
export function rmpHuge(entry: number): boolean {
  return (entry & RMP_2M) !== 0;
}
export function rmpGfn(entry: number): number {
  return entry >> 3;
}
export function showRmp(entry: number): string {
  if (!rmpAssigned(entry)) return 'shared';
  return `private gfn ${rmpGfn(entry)}${rmpHuge(entry) ? ' 2M' : ''}${(entry & IMMUTABLE) !== 0 ? ' immutable' : ''}`;
}

/** Entry of the direct map for a region: one 2M entry, or a table of which pages may be absent. */
export const DIRECT_2M = 1;
export const DIRECT_4K = 2;

/** Bit of a table entry that says that the i-th page of the region is not present. */
export function directAbsent(i: number): number {
  return i + 2;
}
export function isDirectAbsent(entry: number, i: number): boolean {
  return entry !== DIRECT_2M && ((entry >>> directAbsent(i)) & 1) === 1;
}
export function showDirect(entry: number): string {
  if (entry === DIRECT_2M) return '2M';
  const absent = [0, 1].filter(i => isDirectAbsent(entry, i));
  return absent.length === 0 ? '4K' : `4K without page ${absent.join(', ')}`;
}

/** Leaf of the nested page table; 0 is not present. */
export function nptLeaf(pfn: number, isPrivate: boolean, huge: boolean): number {
  return ((pfn + 1) << 2) | (huge ? 2 : 0) | (isPrivate ? 1 : 0);
}
export function nptPrivate(leaf: number): boolean {
  return (leaf & 1) !== 0;
}
export function nptHuge(leaf: number): boolean {
  return (leaf & 2) !== 0;
}
/** The page that a leaf gives for a gfn. */
export function nptPfn(leaf: number, gfn: number): number {
  return (leaf >> 2) - 1 + (nptHuge(leaf) ? gfn % HPAGE : 0);
}
export function showNpt(leaf: number): string {
  if (leaf === 0) return 'none';
  return `pages[${(leaf >> 2) - 1}]${nptHuge(leaf) ? ' 2M' : ''}${nptPrivate(leaf) ? ' private' : ''}`;
}
