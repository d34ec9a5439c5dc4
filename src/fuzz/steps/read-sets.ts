import { Kind } from '../../engine/access.ts';
import type { Observer } from '../../engine/observer.ts';

const loads: ReadonlySet<number> = new Set([Kind.Load, Kind.PlainLoad, Kind.Wait]);

/** Notes which words each CPU loads in an execution: only there can older values matter to it. */
export class ReadSets implements Observer {
  readonly #reads: readonly Set<number>[];

  constructor(reads: readonly Set<number>[]) {
    this.#reads = reads;
  }

  access(cpu: number, kind: number, address: number): void {
    if (loads.has(kind)) this.#reads[cpu]?.add(address);
  }
  commit(): void {}
  interrupt(): void {}
  operation(): void {}
}
