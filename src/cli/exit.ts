/** Exit codes of all commands. */
export const Exit = {
  /** Nothing found, or a replay as expected. */
  Ok: 0,
  /** A finding (also when interrupted with findings), or a replay with another verdict than expected. */
  Finding: 1,
  /** Usage, or a bad file. */
  Usage: 2,
  /** An error of the model or of pagestorm, or nondeterminism. */
  Internal: 3,
  /** A replay that could not follow its schedule. */
  Diverged: 4,
  /** Interrupted without a finding. */
  Interrupted: 130,
} as const;

const severity: readonly number[] = [Exit.Ok, Exit.Finding, Exit.Diverged, Exit.Usage, Exit.Internal];

/** The code that tells more, for commands that do several things. */
export function worse(a: number, b: number): number {
  return severity.indexOf(b) > severity.indexOf(a) ? b : a;
}
