import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** When a finding was seen: executions of the campaign, and the Unix time where results may depend on it. */
export interface Sighting {
  readonly execs: number;
  readonly time: number | null;
}

/** A sighting in this run. */
export interface SightingNow extends Sighting {
  /** Seconds that the campaign has run. */
  readonly seconds: number;
}

const count = z.number().min(0);
const sighting = z.object({ execs: count, time: z.number().nullable() });
const size = z.object({
  operations: count,
  cpus: count,
  pages: count,
  switches: count,
  weak: count,
  choices: count,
  accesses: count,
});
const schema = z.object({
  count,
  first: sighting,
  last: sighting,
  /** True if the two runs of the execution differed, so that the model is at fault. */
  nondeterministic: z.boolean().default(false),
  /** True if it takes its worker down (it hangs, fills the memory, dies), so that it is not run again. */
  fatal: z.boolean().default(false),
  /** What the minimiser made of it; null before it is done. */
  minimized: z
    .object({
      before: size,
      now: size,
      executions: count,
      complete: z.boolean(),
      /** True if the user or the time limit ended it; `--resume` does it again. */
      interrupted: z.boolean().default(false),
    })
    .nullable()
    .default(null),
});

/** What `seen.json` in the folder of a finding says. */
export type Seen = z.infer<typeof schema>;

/** What the minimiser made of a finding. */
export type MinimizedFigures = NonNullable<Seen['minimized']>;

export function seenText({ count, first, last, nondeterministic, fatal, minimized }: Seen): string {
  return `${JSON.stringify({ count, first, last, nondeterministic, fatal, minimized })}\n`;
}

/** Null if there is no such file, or it cannot be used. */
export function readSeen(path: string): Seen | null {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return null;
  }
}
