import { EngineError } from '../engine/errors.ts';
import { unended } from './threads.ts';

/** As it is before modules are loaded. */
const exit: (code?: number) => never = process.exit.bind(process);

/**
 * Ends the process, also while a fence is up, and also if threads cannot be ended: then its exit code is that of SIGKILL.
 *
 * @param code `process.exitCode` unless given.
 */
export function leave(code?: number): never {
  if (unended.size > 0) process.kill(process.pid, 'SIGKILL');
  // Not `exit(undefined)`, which is taken for a code.
  return code === undefined ? exit() : exit(code);
}

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
