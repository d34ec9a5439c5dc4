// An execution as a diagram: a column for each process, time downwards.

import { prepare, witness } from './lkmm/explore.ts';
import { type ExecutionStep, executionSteps } from './lkmm/steps.ts';
import type { OnLook } from './looked.ts';
import { formatValue, type LitmusProgram } from './program.ts';

/** One line of a diagram. */
export interface DiagramStep {
  readonly process: number;
  readonly text: string;
}

/** Columns as wide as their texts; the line of the file stands in front of each access. */
export function columns(program: LitmusProgram, steps: readonly DiagramStep[]): string {
  const titles = program.processes.map(process => process.name);
  const widths = titles.map((title, i) =>
    Math.max(title.length, ...steps.filter(step => step.process === i).map(step => step.text.length)),
  );
  const indents = widths.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width + 2, 0));
  const head = titles.map((title, i) => title.padEnd(widths[i] + 2)).join('');
  const lines = steps.map(({ process, text }) => ' '.repeat(indents[process]) + text);
  return [head.trimEnd(), ...lines].join('\n');
}

/**
 * The accesses of an execution under the axioms, in an order that explains as much as any can: each read says whom it
 * reads from, and an access that a later one of its process overtook says so.
 */
function lkmmDiagram(program: LitmusProgram, steps: readonly ExecutionStep[]): string {
  const name = (location: number) => program.locations[location]?.name ?? 'stray address';
  const writes = steps.filter(step => step.kind === 'write');
  return columns(
    program,
    steps.map(step => {
      const { process, line, kind, overtaken } = step;
      const value = formatValue(program, step.value);
      const notes: string[] = [];
      if (kind === 'read') {
        const source = step.readsFrom < 0 ? null : steps[step.readsFrom];
        notes.push(
          source === null ? 'initial' : `from ${program.processes[source.process].name}:${source.line}`,
        );
      } else if (writes.filter(other => other.location === step.location).length > 1)
        notes.push(`number ${step.coherence} in coherence order`);
      if (overtaken) notes.push('overtaken');
      const what = kind === 'read' ? 'reads' : 'writes';
      const after = notes.length === 0 ? '' : ` (${notes.join(', ')})`;
      return { process, text: `${line}: ${what} ${name(step.location)} = ${value}${after}` };
    }),
  );
}

/** Looks for an execution under the axioms whose final state satisfies the condition of the program. */
export function showLkmm(
  program: LitmusProgram,
  budget = 20_000_000,
  onLook?: OnLook,
): { readonly diagram: string | null; readonly exhausted: boolean } {
  let diagram: string | null = null;
  const { exhausted } = witness(prepare(program), program.condition, false, {
    budget,
    onLook,
    onState: (_, execution) => {
      diagram = lkmmDiagram(program, executionSteps(execution));
    },
  });
  return { diagram, exhausted };
}
