/** Whether there is a terminal to draw on and to read keys from, and nobody asked for plain lines. */
export function hasTerminal(): boolean {
  const { env, stdin, stdout } = process;
  return stdin.isTTY === true && stdout.isTTY === true && env['TERM'] !== 'dumb' && !isSet(env['CI']);
}

/** Whether the user works with a screen reader, which whole frames would drown. */
export function wantsScreenReader(asked: boolean): boolean {
  return asked || isSet(process.env['INK_SCREEN_READER']);
}

function isSet(variable: string | undefined): boolean {
  return variable !== undefined && variable !== '' && variable !== '0' && variable !== 'false';
}
