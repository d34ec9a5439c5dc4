import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { UsageError } from '../../engine/errors.ts';
import { reasonOf } from './atomic.ts';

/** Version of the directory's format; a later one is refused, an earlier one as long as nothing reads it. */
export const DIRECTORY_VERSION = 2 as const;

const limit = z.number().positive().nullable();

const configSchema = z.strictObject({
  version: z.literal(DIRECTORY_VERSION),
  /** Of the program that made the directory. */
  pagestorm: z.string(),
  seed: z.string(),
  /** See `Job`; the seed is that of the campaign, with the instance's name for secondary instances. */
  jobs: z
    .array(
      z.strictObject({
        design: z.string(),
        memory: z.string(),
        size: z.strictObject({ cpus: z.number().int(), pages: z.number().int(), mms: z.number().int() }),
        ops: z.array(z.string()),
        seed: z.string(),
      }),
    )
    .min(1),
  /** Executions of the whole campaign, shared evenly by the jobs; null for no limit. */
  executions: limit,
  /** Seconds that the whole campaign runs; null for no limit. */
  seconds: limit,
  untilCrash: z.boolean(),
  deterministic: z.boolean(),
  modules: z.array(z.string()),
  /** Folder of cases to begin with; null for none. */
  input: z.string().nullable().default(null),
  hangSeconds: z.number().positive(),
  /** Name of the instance in a shared output directory; null if it is alone. */
  instance: z.string().nullable(),
  /** True for the instance started by -M. */
  main: z.boolean(),
});

/** What a campaign runs: written once, so that `--resume` needs nothing but the directory. */
export type CampaignConfig = z.infer<typeof configSchema>;

/** @throws UsageError naming the file and what is wrong. */
export function readConfig(path: string): CampaignConfig {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'is not valid JSON' : reasonOf(error);
    throw new UsageError(`${path}: ${reason}; without it the campaign cannot be continued`);
  }
  const version =
    typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (typeof version === 'number' && version !== DIRECTORY_VERSION) {
    throw new UsageError(
      `${path}: the directory has version ${version}, this pagestorm reads version ${DIRECTORY_VERSION}; ` +
        'begin a new campaign with --input on its queue',
    );
  }
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(
    `${path}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'cannot be read'}`,
  );
}
