import type { Terminal } from '@xterm/headless';

/** A shell with job control in a pseudo-terminal, and what that terminal shows. */
export class PseudoTerminal {
  constructor(columns: number, rows: number, env?: Readonly<Record<string, string>>);
  readonly screen: Terminal;
  readonly pid: number;
  readonly lines: readonly string[];
  readonly text: string;
  readonly state: { readonly alternate: boolean; readonly cursor: boolean };
  run(command: string): void;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  shows(what: RegExp): Promise<void>;
  close(): void;
}
