import { showPte } from '../kernel/pte.ts';

/** A stage-2 entry that a vCPU is about to replace: not present (KVM_INVALID_PTE_LOCKED). */
export const LOCKED = 32;

export function showStage2(pte: number): string {
  return pte === LOCKED ? 'locked' : showPte(pte);
}
