// One for tests and scripts.
export { PseudoTerminal } from '../../scripts/pseudo-terminal.mjs';
