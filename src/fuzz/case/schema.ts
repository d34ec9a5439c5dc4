import { z } from 'zod';

/** The version of the format that this program writes; it reads no later one. */
export const CASE_VERSION = 1;

const count = z.number().int().min(0).max(1000);
const call = z
  .object({ op: z.string().min(1) })
  .catchall(z.union([z.number().int(), z.string(), z.boolean()]));
const calls = z.array(call);

/** The shape of a case file; names of targets, operations and values are checked against the target afterwards. */
export const caseSchema = z.strictObject({
  version: z.literal(CASE_VERSION),
  target: z.string().min(1),
  variant: z.string().min(1),
  switches: z.array(z.string()).default([]),
  memory: z.string().min(1),
  machine: z.strictObject({ cpus: count.min(1).max(16), pages: count, mms: count }),
  setup: calls.default([]),
  cpus: z.array(calls).min(1).max(16),
  interrupts: z.array(calls).default([]),
  schedule: z.string().default(''),
  expect: z.discriminatedUnion('verdict', [
    z.strictObject({ verdict: z.literal('clean') }),
    z.strictObject({ verdict: z.literal('violation'), signature: z.string().min(1) }),
    z.strictObject({ verdict: z.literal('error'), message: z.string().min(1) }),
    z.strictObject({ verdict: z.literal('hang') }),
  ]),
});

export type CaseFile = z.infer<typeof caseSchema>;
export type CallEntry = z.infer<typeof call>;
