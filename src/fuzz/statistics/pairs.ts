import type { PairCounts } from '../coverage/operation-pairs.ts';
import type { PairsView } from './snapshot.ts';

interface Matrix {
  readonly target: string;
  readonly operations: readonly string[];
  sampled: number;
  readonly met: number[];
  readonly since: number[];
}

/** Which operations of each target met, added up over its designs. */
export class PairMatrices {
  readonly #matrices = new Map<string, Matrix>();

  /** Declares the operations of a target; those of its designs may differ and are joined. */
  declare(target: string, operations: readonly string[]): void {
    const known = this.#matrices.get(target);
    const all = [...new Set([...(known?.operations ?? []), ...operations])];
    const size = all.length * all.length;
    const empty = { target, operations: all, sampled: 0 };
    this.#matrices.set(target, { ...empty, met: Array(size).fill(0), since: Array(size).fill(-1) });
  }

  /** Adds what a batch has seen; `operations` are those of its design, `seconds` those of the campaign. */
  add(target: string, operations: readonly string[], { sampled, counts }: PairCounts, seconds: number): void {
    const matrix = this.#matrices.get(target);
    if (matrix === undefined) return;
    matrix.sampled += sampled;
    for (let i = 0; i + 1 < counts.length; i += 2) {
      const pair = counts[i];
      const first = matrix.operations.indexOf(operations[Math.floor(pair / operations.length)] ?? '');
      const second = matrix.operations.indexOf(operations[pair % operations.length] ?? '');
      if (first < 0 || second < 0) continue;
      const at = first * matrix.operations.length + second;
      matrix.met[at] = (matrix.met[at] ?? 0) + counts[i + 1];
      if (matrix.since[at] === -1) matrix.since[at] = Math.round(seconds);
    }
  }

  views(): readonly PairsView[] {
    return [...this.#matrices.values()].map(matrix => ({
      ...matrix,
      met: [...matrix.met],
      since: [...matrix.since],
    }));
  }

  /** Goes on from what was saved (`views`), as far as the operations are still there. */
  restore(saved: unknown): void {
    if (!Array.isArray(saved)) return;
    for (const one of saved) {
      if (!isMatrix(one)) continue;
      const now = this.#matrices.get(one.target);
      if (now === undefined) continue;
      now.sampled += one.sampled;
      for (const [i, met] of one.met.entries()) {
        const first = now.operations.indexOf(one.operations[Math.floor(i / one.operations.length)] ?? '');
        const second = now.operations.indexOf(one.operations[i % one.operations.length] ?? '');
        if (first < 0 || second < 0) continue;
        const at = first * now.operations.length + second;
        now.met[at] = (now.met[at] ?? 0) + met;
        now.since[at] = one.since[i] ?? -1;
      }
    }
  }
}

function isMatrix(value: unknown): value is PairsView {
  if (typeof value !== 'object' || value === null) return false;
  const { target, operations, sampled, met, since } = value as Partial<Record<keyof PairsView, unknown>>;
  return (
    typeof target === 'string' &&
    Array.isArray(operations) &&
    typeof sampled === 'number' &&
    Array.isArray(met) &&
    Array.isArray(since)
  );
}
