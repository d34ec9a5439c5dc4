/** Sets of CPUs and the like as the bits of a small integer. */

/** Number of bits set. */
export function popcount(x: number): number {
  x -= (x >>> 1) & 0x55555555;
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return (Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24) | 0;
}

/** Index of the n-th bit set, the lowest being the 0th. */
export function nthBit(mask: number, n: number): number {
  while (n-- > 0) mask &= mask - 1;
  return 31 - Math.clz32(mask & -mask);
}
