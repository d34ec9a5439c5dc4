import { EngineError } from '../engine/errors.ts';

/** Ends the process, also while a fence is up: `process.exit` as it is before modules are loaded. */
export const leave: (code?: number) => never = process.exit.bind(process);

/**
 * Keeps code of a module that runs inside a command from ending it, which would look like the end of one that has found
 * nothing, and from printing between its lines (`--json`, a case on standard output). Returns what takes the fence away.
 * What ends the process while a module is loaded must be `leave`: `process.exit` throws.
 */
export function fence(): () => void {
  const { exit, stdout, stderr } = process;
  const { write } = stdout;
  process.exit = code => {
    throw new EngineError(`calls process.exit(${code ?? ''})`);
  };
  stdout.write = stderr.write.bind(stderr);
  return () => {
    process.exit = exit;
    stdout.write = write;
  };
}
