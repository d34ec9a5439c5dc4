import { LostWorker } from './pool.ts';

/**
 * Has workers run some items at once. One that takes its worker down is told apart from the others by running them singly.
 *
 * @param run resolves to what came of each.
 * @param lost what is to stand for an item that its worker was lost with, for the reason given.
 */
export async function singlyIfLost<T, R>(
  items: readonly T[],
  run: (some: readonly T[]) => Promise<readonly R[]>,
  lost: (item: T, reason: string) => R,
): Promise<readonly R[]> {
  try {
    return await run(items);
  } catch (error) {
    if (!(error instanceof LostWorker)) throw error;
    if (items.length === 1) return items.map(item => lost(item, error.message));
  }
  const results: R[] = [];
  for (const item of items) results.push(...(await singlyIfLost([item], run, lost)));
  return results;
}
