import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import type { Case } from '../fuzz/case/case.ts';
import type { WorkerPool } from '../fuzz/pool.ts';
import type { Replayed } from '../fuzz/replay.ts';
import { loadSteps } from '../fuzz/steps/load.ts';
import type { Stepped } from '../fuzz/steps/steps.ts';
import { everyStep } from '../report/steps/step-lines.ts';
import { StepModel } from '../report/steps/step-model.ts';
import { hasTerminal, wantsScreenReader } from '../tui/interactive.ts';
import { inProduction } from '../tui/production.ts';
import { LineStepper } from '../tui/stepper/line-stepper.ts';

/**
 * Shows a case step by step: on the whole terminal, by commands and plain lines for a screen reader, or all steps at
 * once where there is no terminal.
 *
 * @returns what the replay came to; null if the model hung.
 */
export async function stepThrough(
  file: string,
  one: Case,
  pool: WorkerPool,
  screenReader: boolean,
): Promise<Replayed | null> {
  const stepped = await loadSteps(pool, one);
  if (wantsScreenReader(screenReader)) await byCommands(stepped);
  else if (hasTerminal()) {
    const { showStepper } = await inProduction(() => import('../tui/stepper/show.tsx'));
    await showStepper(stepped, basename(file));
  } else {
    console.error('pagestorm: no terminal: here are all steps; --screen-reader takes commands instead');
    for (const text of everyStep(new StepModel(stepped))) console.log(text);
  }
  const { verdict, accesses, observations, diverged, execution } = stepped;
  if (verdict.verdict === 'hang') return null;
  return { verdict, accesses, observations, diverged, trace: execution.trace };
}

/** Reads commands, a line each, until one leaves or there are no more. */
async function byCommands(stepped: Stepped): Promise<void> {
  const stepper = new LineStepper(stepped);
  const print = (lines: readonly string[]): void => {
    for (const text of lines) console.log(text);
  };
  print(stepper.greeting());
  // Lines are edited by the terminal itself, which screen readers know.
  const commands = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: 'step> ',
    terminal: false,
  });
  commands.prompt();
  for await (const command of commands) {
    print(stepper.command(command));
    if (stepper.closed) break;
    commands.prompt();
  }
  commands.close();
}
