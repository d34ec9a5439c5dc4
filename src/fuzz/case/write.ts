import { Document, isMap, isScalar, Scalar, visit } from 'yaml';
import type { Model, Operation } from '../../targets/target.ts';
import type { Call } from '../program.ts';
import type { Case } from './case.ts';
import { CASE_VERSION } from './schema.ts';

/** Columns of a case file: it is pasted into mails. */
const WIDTH = 76;

/**
 * The text of a case file. It depends on nothing but the case: no times, no paths.
 *
 * @param comment lines put at the head as comments.
 */
export function writeCase(
  one: Case,
  model: Pick<Model, 'operations'>,
  comment: readonly string[] = [],
): string {
  const document = new Document(caseFields(one, model));
  visit(document, {
    Map: (_, map) => {
      if (map.has('op') || map.has('mms')) map.flow = true;
    },
    Seq: (_, seq) => {
      if (seq.items.length === 0 || seq.items.every(item => isScalar(item))) seq.flow = true;
    },
  });
  if (isMap(document.contents)) {
    const schedule = document.contents.get('schedule', true);
    if (isScalar(schedule)) schedule.type = Scalar.BLOCK_FOLDED;
  }
  if (comment.length > 0) document.commentBefore = comment.map(line => ` ${line}`).join('\n');
  return document.toString({ lineWidth: WIDTH, flowCollectionPadding: true });
}

/** What a case file says, as plain data: JSON of it is a case file as well. */
export function caseFields(one: Case, model: Pick<Model, 'operations'>): Readonly<Record<string, unknown>> {
  const call = ({ operation, args }: Call): Record<string, string | number> => {
    const declared = model.operations.find(candidate => candidate.name === operation);
    return { op: operation, ...argumentsOf(declared, args) };
  };
  const { program } = one;
  return {
    version: CASE_VERSION,
    target: one.target,
    variant: one.variant,
    ...(one.switches.length > 0 ? { switches: one.switches } : {}),
    memory: one.memory,
    machine: one.size,
    ...(program.setup.length > 0 ? { setup: program.setup.map(call) } : {}),
    cpus: program.cpus.map(list => list.map(call)),
    ...(program.interrupts.some(list => list.length > 0)
      ? { interrupts: program.interrupts.map(list => list.map(call)) }
      : {}),
    schedule: one.schedule,
    expect: one.expect,
  };
}

/** Arguments by parameter name, values by their names. */
export function argumentsOf(
  operation: Operation | undefined,
  args: readonly number[],
): Record<string, string | number> {
  return Object.fromEntries(
    args.map((value, i) => {
      const parameter = operation?.parameters[i];
      return [parameter?.name ?? `arg${i}`, parameter?.values?.[value] ?? value];
    }),
  );
}
