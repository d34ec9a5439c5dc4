/** What an oracle is to a reader: its rule, where the rule comes from, and what it cannot see. */
export interface Oracle {
  /** The id that violations carry. */
  readonly id: string;
  /** The headline of a report, shaped like the kernel report that people know. */
  readonly title: string;
  readonly rule: string;
  readonly source: string;
  readonly blind: string;
}
