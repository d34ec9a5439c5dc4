/** How one thing that was tried came out, for reports that machines read. */
export interface Outcome {
  /** What it belongs to: a design, or a folder of cases. */
  readonly suite: string;
  readonly name: string;
  /** `failed` is a finding or another verdict than expected; `error` a fault of the model, or a case that could not run. */
  readonly status: 'passed' | 'failed' | 'error';
  /** The oracle, or `error`, `hang`, `diverged`. */
  readonly rule: string;
  /** One line. */
  readonly message: string;
  /** The report with its diagram; empty if there is none. */
  readonly details: string;
  /** The case file; null if there is none. */
  readonly file: string | null;
  /** The same for the same finding: the signature. */
  readonly fingerprint: string;
}
