import type { MemoryName } from '../../engine/memory/index.ts';
import type { Size } from '../../targets/target.ts';
import type { Program } from '../program.ts';

/** How an execution of a case is judged. */
export type Verdict =
  | { readonly verdict: 'clean' }
  | { readonly verdict: 'violation'; readonly signature: string }
  /** The model threw. */
  | { readonly verdict: 'error'; readonly message: string }
  /** The model ran on without an access. */
  | { readonly verdict: 'hang' };

/** Everything that replays an execution, and what is expected of it. */
export interface Case {
  readonly target: string;
  readonly variant: string;
  readonly switches: readonly string[];
  readonly memory: MemoryName;
  readonly size: Size;
  readonly program: Program;
  /** See schedule-text.ts. */
  readonly schedule: string;
  readonly expect: Verdict;
}

/** Whether two verdicts are the same finding. */
export function sameVerdict(a: Verdict, b: Verdict): boolean {
  return verdictText(a) === verdictText(b);
}

/** One line: `violation: tag-loss | ...`, `clean`, `error: ...`, `hang`. */
export function verdictText(verdict: Verdict): string {
  if (verdict.verdict === 'violation') return `violation: ${verdict.signature}`;
  if (verdict.verdict === 'error') return `error: ${verdict.message}`;
  return verdict.verdict;
}

/** `mte-sync/v6.2+no-wmb-in-set-tagged` */
export function caseDesign(one: Pick<Case, 'target' | 'variant' | 'switches'>): string {
  return `${one.target}/${[one.variant, ...one.switches].join('+')}`;
}

/** What findings are told apart by: the signature, or the text of an error. */
export function knownKey(verdict: Verdict): string {
  if (verdict.verdict === 'violation') return verdict.signature;
  return verdict.verdict === 'error' ? `error | ${verdict.message}` : verdict.verdict;
}

/** The oracle that judged, or the kind of verdict: `tag-loss`, `error`, `hang`. */
export function kindOf(verdict: Verdict): string {
  return verdict.verdict === 'violation'
    ? (verdict.signature.split(' | ')[0] ?? verdict.verdict)
    : verdict.verdict;
}
