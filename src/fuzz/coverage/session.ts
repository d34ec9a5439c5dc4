import type { Machine } from '../../engine/machine.ts';
import type { Model } from '../../targets/target.ts';
import { Coverage } from './coverage.ts';
import { CoverageMap } from './map.ts';
import { OperationPairs } from './operation-pairs.ts';

/**
 * The coverage of one machine from task to task: by the shared map, or (deterministic) by a copy of it taken when a task
 * begins, whose changes the task returns.
 */
export class CoverageSession {
  readonly pairs: OperationPairs;
  readonly #machine: Machine;
  readonly #model: Model;
  #shared: { readonly id: number; readonly coverage: Coverage } | null = null;
  #own: { readonly map: CoverageMap; readonly before: CoverageMap; readonly coverage: Coverage } | null =
    null;

  constructor(machine: Machine, model: Model) {
    this.#machine = machine;
    this.#model = model;
    const operations = model.operations.map(one => one.name);
    this.pairs = new OperationPairs(model.layout.size, machine.cpus.length, operations);
  }

  /** Begins a task. `changes` of what is returned gives what `BatchResult.mapChanges` wants. */
  begin(
    buffer: SharedArrayBuffer | null,
    deterministic: boolean,
  ): { readonly coverage: Coverage; changes(): Int32Array | null } {
    // Without a map there still is a log: strategies want to know who meets whom.
    const shared = buffer === null ? null : new CoverageMap(buffer);
    if (shared !== null && !deterministic) {
      if (this.#shared === null || this.#shared.id !== shared.id)
        this.#shared = { id: shared.id, coverage: new Coverage(this.#machine, this.#model, shared) };
      return { coverage: this.#shared.coverage, changes: () => null };
    }
    if (this.#own === null) {
      const map = new CoverageMap();
      const coverage = new Coverage(this.#machine, this.#model, map);
      this.#own = { map, before: new CoverageMap(), coverage };
    }
    const { map, before, coverage } = this.#own;
    if (shared === null) return { coverage, changes: () => null };
    before.set(shared);
    map.set(before);
    coverage.forget();
    return { coverage, changes: () => map.changesSince(before) };
  }
}
