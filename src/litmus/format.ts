// Results of litmus tests as text in herd's format, as JSON values, and as rows of a summary table.

import {
  formatValue,
  type LitmusProgram,
  type Observable,
  type Operand,
  type Proposition,
} from './program.ts';
import type { LitmusResult } from './verdict.ts';

/** `0:r1` or `[x]`, as herd names variables in conditions and states. */
export function formatObservable(o: Observable): string {
  return o.kind === 'register' ? `${o.process}:${o.name}` : `[${o.name}]`;
}

function formatOperand(program: LitmusProgram, operand: Operand): string {
  return operand.kind === 'value'
    ? formatValue(program, operand.value)
    : formatObservable(program.observed[operand.index]);
}

const strength = { or: 1, and: 2 } as const;

function formatWithin(program: LitmusProgram, p: Proposition, outer: number): string {
  switch (p.kind) {
    case 'true':
    case 'false':
      return p.kind;
    case 'equal':
      return `${formatOperand(program, p.left)}=${formatOperand(program, p.right)}`;
    case 'not':
      return `not (${formatWithin(program, p.operand, 0)})`;
    default: {
      const mine = strength[p.kind];
      const sign = p.kind === 'and' ? '/\\' : '\\/';
      const text = `${formatWithin(program, p.left, mine)} ${sign} ${formatWithin(program, p.right, mine)}`;
      return mine < outer ? `(${text})` : text;
    }
  }
}

/** A proposition in herd's notation, without outer parentheses. */
export function formatProposition(program: LitmusProgram, p: Proposition): string {
  return formatWithin(program, p, 0);
}

const quantifiers = { exists: 'exists', 'not-exists': '~exists', forall: 'forall' } as const;
const kinds = { exists: 'Allowed', 'not-exists': 'Forbidden', forall: 'Required' } as const;

/** The condition line: `exists (0:r1=1 /\ [x]=2)`. */
export function formatCondition(program: LitmusProgram): string {
  return `${quantifiers[program.quantifier]} (${formatProposition(program, program.condition)})`;
}

/** A final state as herd prints it: `0:r1=1; [x]=2;`. */
export function formatState(program: LitmusProgram, state: ArrayLike<number>): string {
  const parts: string[] = [];
  for (let i = 0; i < program.printed; i++)
    parts.push(`${formatObservable(program.observed[i])}=${formatValue(program, state[i])};`);
  return parts.join(' ');
}

/** Whether the condition of the test is met: herd's `Ok` or `No`. */
export function satisfied({ program, positive, negative, observation }: LitmusResult): boolean {
  switch (program.quantifier) {
    case 'exists':
      return positive > 0 || observation !== 'Never';
    case 'not-exists':
      return positive === 0 && observation === 'Never';
    case 'forall':
      return negative === 0 && observation !== 'Sometimes';
  }
}

/** How far the observation reaches: proved, or only seen in so many executions. */
export function coverage(result: LitmusResult): string {
  const { loopBound } = result.program;
  if (result.exhausted)
    return loopBound > 0 ? `exhausted for loops of up to ${loopBound} rounds` : 'exhausted';
  return result.observation === 'Never' ? `not seen in ${result.tried}` : `seen in ${result.tried}`;
}

/**
 * The result in herd's format. States are counted where herd counts executions, so witness counts differ from
 * herd's and states do not. At most `maxStates` states are printed (1,000 when left out).
 */
export function formatResult(result: LitmusResult, maxStates = 1000): string {
  const { program } = result;
  const lines = [`Test ${program.name} ${kinds[program.quantifier]}`];
  lines.push(`States ${result.stateCount}${result.statesExhausted ? '' : '+'}`);
  let shown = 0;
  for (const state of result.states()) {
    if (shown++ >= maxStates) {
      lines.push(`... ${result.stateCount - maxStates} more`);
      break;
    }
    lines.push(formatState(program, state));
  }
  lines.push(satisfied(result) ? 'Ok' : 'No');
  lines.push('Witnesses', `Positive: ${result.positive} Negative: ${result.negative}`);
  for (const flag of result.flags) lines.push(`Flag ${flag}`);
  lines.push(`Condition ${formatCondition(program)}`);
  lines.push(`Observation ${program.name} ${result.observation} ${result.positive} ${result.negative}`);
  lines.push(`Coverage ${program.name} ${result.memory} ${coverage(result)}${emptyNote(result)}`);
  return `${lines.join('\n')}\n`;
}

function emptyNote(result: LitmusResult): string {
  if (!result.empty) return '';
  return result.program.filter === null
    ? ', no execution ends: deadlock'
    : ', no execution passes the filter';
}

/** The result as a value for JSON; the states as objects from variable to value, at most `maxStates` of them. */
export function resultToJson(result: LitmusResult, maxStates = 1000): Record<string, unknown> {
  const { program } = result;
  const states: Record<string, string>[] = [];
  for (const state of result.states()) {
    if (states.length >= maxStates) break;
    const entry: Record<string, string> = {};
    for (let i = 0; i < program.printed; i++)
      entry[formatObservable(program.observed[i])] = formatValue(program, state[i]);
    states.push(entry);
  }
  return {
    test: program.name,
    memory: result.memory,
    observation: result.observation,
    satisfied: satisfied(result),
    exhausted: result.exhausted,
    statesExhausted: result.statesExhausted,
    tried: result.tried,
    condition: formatCondition(program),
    positive: result.positive,
    negative: result.negative,
    stateCount: result.stateCount,
    states,
    flags: result.flags,
    empty: result.empty,
    loopBound: program.loopBound,
  };
}

/** Column titles of the summary table. */
export const summaryHeader: readonly string[] = ['test', 'observation', 'coverage', 'states', 'flags'];

/** The test's row in the summary table. */
export function summaryRow(result: LitmusResult): string[] {
  const observation = result.empty ? 'none' : result.observation;
  const states = `${result.stateCount}${result.statesExhausted ? '' : '+'}`;
  return [result.program.name, observation, coverage(result), states, result.flags.join(' ')];
}
