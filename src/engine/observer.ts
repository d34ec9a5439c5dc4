/** A hard interrupt, an RCU callback as a softirq, or the start of the grace period that one waits for. */
export type InterruptKind = 'irq' | 'callback' | 'grace';

/** Follows an execution: the trace, coverage. Called at every step only when one is set. */
export interface Observer {
  /** An access was executed; `note` is made of `Note` bits, `site` is where. */
  access(
    cpu: number,
    kind: number,
    address: number,
    a: number,
    b: number,
    order: number,
    op: number,
    site: number,
    result: number,
    note: number,
  ): void;
  /** A delayed store of a CPU to an address reached memory. */
  commit(cpu: number, address: number): void;
  /** An interrupt arrived, or its handler ended; `what` says whether it is an RCU callback or only its grace period. */
  interrupt(cpu: number, operation: string, begin: boolean, what: InterruptKind): void;
  /** An operation began or ended. */
  operation(cpu: number, operation: string, args: readonly number[], begin: boolean): void;
}
