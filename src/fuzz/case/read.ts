import { isUtf8 } from 'node:buffer';
import { parseDocument } from 'yaml';
import { UsageError } from '../../engine/errors.ts';
import { isMemoryName, memoryNames } from '../../engine/memory/index.ts';
import type { Model, Operation, Parameter, Size, Target } from '../../targets/target.ts';
import { unknownName } from '../names.ts';
import type { Call } from '../program.ts';
import { schemaMessage } from '../schema-message.ts';
import { designName, findTarget, type Selection, selectByName } from '../selection.ts';
import type { Case } from './case.ts';
import { parseSchedule } from './schedule-text.ts';
import { CASE_VERSION, type CallEntry, type CaseFile, caseSchema } from './schema.ts';

/** Larger files are no cases; the largest ever written have some 50,000 steps. */
const MAX_BYTES = 4 << 20;

/**
 * Reads a case and checks it against the schema and the target it names.
 *
 * @param name the file's name, for messages.
 * @throws UsageError naming the file and the line or field.
 */
export function readCase(bytes: Uint8Array, name: string, targets: readonly Target[]): Case {
  const fail = (message: string): never => {
    throw new UsageError(`${name}: ${message}`);
  };
  if (bytes.length > MAX_BYTES) return fail('is too large for a case');
  if (!isUtf8(bytes) || bytes.includes(0)) return fail('is not a text file; a case is YAML');
  let value: unknown;
  try {
    value = parseText(new TextDecoder().decode(bytes));
  } catch (error) {
    return fail(`not valid YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { version } =
    typeof value === 'object' && value !== null && 'version' in value ? value : { version: undefined };
  if (typeof version === 'number' && version > CASE_VERSION) {
    return fail(
      `version ${version} is newer than this pagestorm, which reads version ${CASE_VERSION}; update it`,
    );
  }
  const parsed = caseSchema.safeParse(value);
  if (!parsed.success) return fail(schemaMessage(parsed.error));
  try {
    return toCase(parsed.data, targets);
  } catch (error) {
    if (error instanceof UsageError) return fail(error.message);
    throw error;
  }
}

/** JSON is YAML, but read a hundred times faster by its own parser: queue entries are written so. */
function parseText(text: string): unknown {
  if (text.startsWith('{')) {
    try {
      return JSON.parse(text);
    } catch {
      // Then it may still be YAML; if not, its parser says where it is wrong.
    }
  }
  const document = parseDocument(text);
  const problem = document.errors[0];
  if (problem !== undefined)
    throw new Error(problem.message.split('\n')[0]?.replace(/; please use .*?\(\)|:$/g, ''));
  return document.toJS();
}

function toCase(file: CaseFile, targets: readonly Target[]): Case {
  const target = findTarget(file.target, targets);
  const selection = selectByName(target, file.variant, file.switches);
  const { memory, machine: size } = file;
  if (!isMemoryName(memory))
    throw new UsageError(`memory: ${unknownName('memory model', memory, memoryNames)}`);
  if (file.cpus.length > size.cpus) {
    throw new UsageError(`cpus: ${file.cpus.length} lists of operations, but machine.cpus is ${size.cpus}`);
  }
  if (file.interrupts.length > size.cpus) {
    throw new UsageError(`interrupts: ${file.interrupts.length} lists, but machine.cpus is ${size.cpus}`);
  }
  const { operations, layout } = modelOf(target, selection, size);
  const list = (entries: readonly CallEntry[], field: string, handler: boolean): readonly Call[] =>
    entries.map((entry, i) => toCall(entry, `${field}[${i}]`, operations, size, handler));
  const lists = (
    all: readonly (readonly CallEntry[])[],
    field: string,
    handler: boolean,
  ): readonly (readonly Call[])[] => all.map((entries, i) => list(entries, `${field}[${i}]`, handler));
  // Only checked here: a schedule stays text until it meets its machine.
  parseSchedule(file.schedule, name => layout.find(name));
  return {
    target: file.target,
    variant: file.variant,
    switches: file.switches,
    memory,
    size,
    program: {
      setup: list(file.setup, 'setup', false),
      cpus: Array.from({ length: size.cpus }, (_, i) => list(file.cpus[i] ?? [], `cpus[${i}]`, false)),
      interrupts: lists(file.interrupts, 'interrupts', true),
    },
    schedule: file.schedule,
    expect: file.expect,
  };
}

/** Models of the last designs that cases were read for, to look names up in: a queue has thousands of one design. */
const models = new WeakMap<Target, Map<string, Pick<Model, 'operations' | 'layout'>>>();
const MODELS = 8;

function modelOf(target: Target, selection: Selection, size: Size): Pick<Model, 'operations' | 'layout'> {
  const known = models.get(target) ?? new Map<string, Pick<Model, 'operations' | 'layout'>>();
  models.set(target, known);
  const key = `${designName(selection)} ${size.cpus} ${size.pages} ${size.mms}`;
  const model = known.get(key) ?? target.build(selection.settings, size);
  known.delete(key);
  known.set(key, model);
  const [oldest] = known.keys();
  if (known.size > MODELS && oldest !== undefined) known.delete(oldest);
  return model;
}

function toCall(
  entry: CallEntry,
  field: string,
  operations: readonly Operation[],
  size: Size,
  handler: boolean,
): Call {
  const operation = operations.find(one => one.name === entry.op);
  if (operation === undefined) {
    const known = operations.map(one => one.name);
    throw new UsageError(`${field}.op: ${unknownName('operation', entry.op, known)}`);
  }
  if ((operation.interrupt === true) !== handler) {
    const place = handler ? 'cpus or setup' : 'interrupts';
    throw new UsageError(
      `${field}.op: ${entry.op} ${handler ? 'is no interrupt handler' : 'is an interrupt handler'}; it belongs under ${place}`,
    );
  }
  const names = operation.parameters.map(parameter => parameter.name);
  for (const key of Object.keys(entry)) {
    if (key !== 'op' && !names.includes(key))
      throw new UsageError(`${field}: ${unknownName(`argument of ${entry.op}`, key, names)}`);
  }
  return {
    operation: operation.name,
    args: operation.parameters.map(one => toValue(entry[one.name], one, field, size)),
  };
}

function toValue(given: unknown, parameter: Parameter, field: string, size: Size): number {
  const where = `${field}.${parameter.name}`;
  if (given === undefined) throw new UsageError(`${where}: missing`);
  const named = parameter.values?.indexOf(String(given)) ?? -1;
  const value = named >= 0 ? named : typeof given === 'boolean' ? Number(given) : given;
  if (typeof value !== 'number')
    throw new UsageError(`${where}: ${unknownName('value', String(given), parameter.values ?? ['numbers'])}`);
  if (!parameter.arbitrary(size).canShrinkWithoutContext(value)) {
    const names = parameter.values === undefined ? '' : `; known: ${parameter.values.join(', ')}`;
    throw new UsageError(`${where}: ${value} is out of range for this machine${names}`);
  }
  return value;
}
