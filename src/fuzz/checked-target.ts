import { runInNewContext } from 'node:vm';
import { z } from 'zod';
import { EngineError } from '../engine/errors.ts';
import { Layout } from '../engine/layout.ts';
import { memoryNames } from '../engine/memory/index.ts';
import type { Model, Settings, Size, Target } from '../targets/target.ts';
import { fence } from './fence.ts';
import { schemaMessage } from './schema-message.ts';
import { thrownText } from './thrown.ts';

/** Seconds that building a model may take; those that ship with the project take milliseconds. */
const BUILD_SECONDS = 10;

/** Names stand in designs (`target/variant+switch`), in lists of options, in file names. */
const name = z.string().regex(/^[^\s/+,()]+$/, 'a name has no blank, comma, bracket, "/" or "+"');
const count = z.number().int().min(1).max(1000);
const method = z.custom(value => typeof value === 'function', 'is no function');

/** Of two things with one name, one would never be run. */
function unique<T extends { readonly name: string }>(list: z.ZodArray<z.ZodType<T>>) {
  return list.superRefine((all, context) => {
    const twin = all.findIndex((one, i) => all.findIndex(other => other.name === one.name) < i);
    if (twin < 0) return;
    context.addIssue({ code: 'custom', path: [twin], message: `a second one called "${all[twin]?.name}"` });
  });
}

const design = z.looseObject({ name, settings: z.looseObject({}) });

const targetSchema = z.looseObject({
  name,
  summary: z.string(),
  description: z.string(),
  memory: z.enum(memoryNames),
  // As far as case files go.
  size: z.looseObject({ cpus: count.max(16), pages: count, mms: count }),
  variants: unique(z.array(design).min(1, 'there are none')),
  switches: unique(z.array(design)),
  oracles: z.array(z.string()),
  build: method,
});

const parameter = z.looseObject({
  name: name.refine(text => text !== 'op', '"op" is taken: in a case file it names the operation'),
  arbitrary: method,
  values: z.array(z.string()).optional(),
});

const modelSchema = z.looseObject({
  layout: z.instanceof(Layout, { error: 'is no Layout of the engine of this pagestorm' }),
  operations: unique(
    z
      .array(
        z.looseObject({
          name,
          parameters: unique(z.array(parameter)),
          interrupt: z.boolean().optional(),
          weight: z.number().min(0).optional(),
          run: method,
        }),
      )
      .min(1, 'there are none'),
  ),
  attach: method,
});

/** Whether what a module gives is a target as far as can be seen before it builds anything. */
export function isTarget(value: unknown): value is Target {
  return targetSchema.safeParse(value).success;
}

/** What is wrong with what a module gives as a target, in one line that names the field; null if nothing is. */
export function faultOfTarget(value: unknown): string | null {
  const parsed = targetSchema.safeParse(value);
  return parsed.success ? null : schemaMessage(parsed.error, 'a target');
}

/** A target whose models are looked at before anything relies on them. What goes wrong names the target. */
export function checkedTarget(target: Target): Target {
  return {
    ...target,
    build(settings: Settings, size: Size): Model {
      const open = fence();
      try {
        // A model that takes for ever to build would hold up the command itself, without a watchdog.
        const run = (): Model => target.build(settings, size);
        const model: Model = runInNewContext('run()', { run }, { timeout: 1000 * BUILD_SECONDS });
        const parsed = modelSchema.safeParse(model);
        if (!parsed.success) throw new EngineError(schemaMessage(parsed.error, 'the model'));
        return model;
      } catch (error) {
        throw new EngineError(`${target.name}: build(): ${buildFault(error)}`, { cause: error });
      } finally {
        open();
      }
    },
  };
}

function buildFault(error: unknown): string {
  // It comes from another context, whose Error is another one.
  const late = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return late === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
    ? `runs on for more than ${BUILD_SECONDS} s`
    : thrownText(error);
}
