import type { Argv } from 'yargs';

/** `lkmm` is the axioms of the kernel's model; the others are machines that model code can run on. */
export const memories = { lkmm: null, sc: 'sc', tso: 'tso', arm64: 'arm64', 'lkmm-view': 'lkmm' } as const;
type LitmusMemory = keyof typeof memories;
export const memoryList = Object.keys(memories).join(', ');

export function isLitmusMemory(name: string): name is LitmusMemory {
  return Object.hasOwn(memories, name);
}

export interface LitmusArguments {
  readonly path: readonly string[];
  readonly memory: string;
  readonly json: boolean;
  readonly summary: boolean;
  readonly show: string | undefined;
  readonly budget: string | undefined;
}

/** Arguments of `pagestorm litmus`. */
export function litmusOptions<T>(y: Argv<T>) {
  return y
    .positional('path', {
      describe: 'litmus files, or directories of them',
      type: 'string',
      array: true,
      demandOption: true,
    })
    .option('memory', { describe: `memory model: ${memoryList}`, type: 'string', default: 'lkmm' })
    .option('json', { describe: 'one JSON object per line and test', type: 'boolean', default: false })
    .option('summary', { describe: 'one line per test', type: 'boolean', default: false })
    .option('show', {
      describe: 'show an execution with this outcome: "1:r0=1 /\\ x=0", or a state as printed',
      type: 'string',
    })
    .option('budget', {
      describe:
        'work per test before it counts as not exhausted: checks of the axioms (20M) or executions (1M)',
      type: 'string',
    });
}
