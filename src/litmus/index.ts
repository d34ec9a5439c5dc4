// What the rest of the project uses of the litmus part; anything else in this folder may change.

export { columns, type DiagramStep, showLkmm } from './diagram.ts';
export { type EngineOptions, engineBudget, runEngine } from './engine/run.ts';
export { showEngine } from './engine/show.ts';
export { LitmusError } from './error.ts';
export { evaluate, holds, modify } from './evaluate.ts';
export { contradicts, type Expectation, expectationOf } from './expectation.ts';
export {
  coverage,
  formatCondition,
  formatObservable,
  formatResult,
  formatState,
  resultToJson,
  satisfied,
  summaryHeader,
  summaryRow,
} from './format.ts';
export { prepare, witness } from './lkmm/explore.ts';
export type { Execution } from './lkmm/search.ts';
export { type ExecutionStep, executionSteps } from './lkmm/steps.ts';
export { TooManyTraces } from './lkmm/traces.ts';
export type { OnLook } from './looked.ts';
export { withOutcome } from './outcome.ts';
export { type ParseOptions, parseLitmus } from './parse/parse.ts';
export {
  addressOf,
  type Expr,
  type FenceKind,
  formatValue,
  type LitmusProgram,
  type Location,
  locationAt,
  type Observable,
  type Process,
  type Proposition,
  type Statement,
} from './program.ts';
export { type LitmusOptions, type LitmusResult, type Observation, runLkmm } from './verdict.ts';
