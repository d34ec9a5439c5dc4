/** An error of the model or its use of the engine (a forgotten `yield`, a lock released twice), not a finding. */
export class EngineError extends Error {
  override name = 'EngineError';
}

/** Bad input: a file, field or option. The message names it and says what to do. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** A recorded schedule that the model can no longer follow. */
export class DivergenceError extends Error {
  override name = 'DivergenceError';
  readonly step: number;
  constructor(step: number, message: string) {
    super(`replay diverged at step ${step}: ${message}`);
    this.step = step;
  }
}

/** Thrown through model code to end an execution at a violation; never seen outside the machine. */
export class ExecutionStop extends Error {
  override name = 'ExecutionStop';
}
