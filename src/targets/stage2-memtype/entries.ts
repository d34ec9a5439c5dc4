import { pteNumber, pteTagged } from '../kernel/pte.ts';

/** Encodings of the tables that hardware reads: stage 2 of the guest, stage 1 of the VMM. */

/** What a stage-2 leaf says about the memory; the order is that of the field in the leaf. */
export const MemType = { WriteBack: 0, NonCacheable: 1, Device: 2, NoTagAccess: 3 } as const;
export const memTypeNames = ['Normal-WB', 'Normal-NC', 'Device-nGnRE', 'Normal-WB, NoTagAccess'] as const;

const VALID = 1;
const EXEC = 2;
/** KVM_INVALID_PTE_LOCKED: a fault is changing the entry. */
export const LOCKED = 16;

/** Stage-2 leaf; 0 is not present. */
export function leafOf(frame: number, type: number, exec: boolean): number {
  return VALID | (exec ? EXEC : 0) | (type << 2) | (frame << 8);
}
export function leafValid(leaf: number): boolean {
  return (leaf & VALID) !== 0;
}
export function leafExec(leaf: number): boolean {
  return (leaf & EXEC) !== 0;
}
export function leafType(leaf: number): number {
  return (leaf >> 2) & 3;
}
export function leafFrame(leaf: number): number {
  return leaf >> 8;
}
export function withExec(leaf: number): number {
  return leaf | EXEC;
}
/** Whether accesses through a leaf of this type go through the caches. */
export function isCacheable(type: number): boolean {
  return type === MemType.WriteBack || type === MemType.NoTagAccess;
}
export function showLeaf(frameName: (frame: number) => string): (leaf: number) => string {
  return leaf => {
    if (leaf === 0) return 'none';
    if (leaf === LOCKED) return 'LOCKED';
    return `${frameName(leafFrame(leaf))}, ${memTypeNames[leafType(leaf)]}${leafExec(leaf) ? ', X' : ''}`;
  };
}

/** Entry of the VMM's page table, as kernel/pte.ts has it, with the name of the memory. */
export function showPte(frameName: (frame: number) => string): (pte: number) => string {
  return pte => (pte === 0 ? 'none' : `${frameName(pteNumber(pte))}${pteTagged(pte) ? ', tagged' : ''}`);
}

/** A cache line: not there, or clean or dirty with a value. */
const DIRTY = 1 << 20;
const CLEAN = 1 << 21;

export function dirtyLine(value: number): number {
  return DIRTY | value;
}
export function cleanLine(value: number): number {
  return CLEAN | value;
}
export function isDirty(line: number): boolean {
  return (line & DIRTY) !== 0;
}
export function lineValue(line: number): number {
  return line & ~(DIRTY | CLEAN);
}
/** Data are zeros or, as far as an oracle cares, the number of the owner who stored them. */
export const PREVIOUS_OWNER = 1;
export function showData(value: number): string {
  if (value === 0) return '0';
  return value === PREVIOUS_OWNER ? "previous owner's data" : `data of owner ${value}`;
}
export function showLine(line: number): string {
  return line === 0 ? 'not cached' : `${isDirty(line) ? 'dirty' : 'clean'} ${showData(lineValue(line))}`;
}
