/** Allocation flags (include/linux/gfp_types.h), reduced to what decides about blocking and failing. */
export const Gfp = {
  /** May reclaim directly: legal only where sleeping is. */
  Kernel: 1,
  /** Never blocks, dips into reserves, may fail. */
  Atomic: 2,
  /** Never blocks, readily fails. */
  Nowait: 4,
  /** Loops for ever instead of failing; must be blocking. */
  Nofail: 8,
} as const;

/** __GFP_DIRECT_RECLAIM */
export function gfpBlocks(gfp: number): boolean {
  return (gfp & (Gfp.Kernel | Gfp.Nofail)) !== 0;
}
