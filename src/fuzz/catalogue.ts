import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { UsageError } from '../engine/errors.ts';
import { memoryNames } from '../engine/memory/index.ts';
import { schemaMessage } from './schema-message.ts';

/** The fact sheets, by the prefix of their ids: the sections of the file. */
export const sheets = ['mte', 'mig', 'ts', 'gmem', 'memtype', 'kvm'] as const;

const text = z.string().regex(/\S/, 'is empty');
const id = z
  .string()
  .regex(new RegExp(`^(${sheets.join('|')}):[A-Za-z0-9][\\w.-]*$`), 'expected an id such as mte:H1');

const caseEntry = z.strictObject({
  /** Stem of the file in corpus/<target>/. */
  case: z.string().regex(/^[\w.+-]+$/, 'expected the stem of a file name'),
  design: z.string().regex(/^[\w-]+\/[\w.+-]+$/, 'expected target/variant[+switch...]'),
  memory: z.enum(memoryNames),
  /** Of `pagestorm fuzz`; they narrow the search. */
  options: text.optional(),
  /** Executions of one search, if it needs many. */
  execs: z.number().int().min(1).optional(),
  /** Regular expression on the signature; none if the case must stay clean. */
  finding: z.string().refine(isRegularExpression, 'is no regular expression').optional(),
  /** A directed program that random programs do not meet: nothing finds it from an empty corpus. */
  byHand: z.boolean().default(false),
});

const fields = z.strictObject({
  id,
  /** What other sheets call it: each bug counts once. */
  aliases: z.array(id).default([]),
  title: text,
  reference: text,
  status: z.enum(['reproduced', 'refuted', 'not-modelled', 'clean']),
  /** Derived from reading code, and confirmed by no kernel developer. */
  hazard: z.boolean().default(false),
  reason: text.optional(),
  cases: z.array(caseEntry).default([]),
});

const entry = fields.superRefine((one, context) => {
  const message = contradiction(one);
  if (message !== null) context.addIssue({ code: 'custom', message: `(${one.id}) ${message}` });
});

const catalogue = z.strictObject(
  Object.fromEntries(sheets.map(name => [name, z.array(entry).nullable().default([])])),
);

/** What the model has shown of a bug, mutation or hazard. */
export type CatalogueEntry = z.infer<typeof fields>;
/** A case of an entry; its file is `corpus/<target>/<case>.yaml`. */
export type CatalogueCase = z.infer<typeof caseEntry>;

/** Catalogue and corpus that ship with the project, wherever it is installed. */
export const shippedCatalogue = fileURLToPath(new URL('../../catalogue.yaml', import.meta.url));
export const shippedCorpus = fileURLToPath(new URL('../../corpus', import.meta.url));

/** @throws UsageError naming file and field. */
export function loadCatalogue(path = shippedCatalogue): readonly CatalogueEntry[] {
  return readCatalogue(readFileSync(path, 'utf8'), path);
}

/**
 * Entries in the order of the file.
 *
 * @param name the file's name, for messages.
 * @throws UsageError naming file and field, also for an id or a case that occurs twice or stands under another sheet.
 */
export function readCatalogue(content: string, name: string): readonly CatalogueEntry[] {
  const document = parseDocument(content);
  const [problem] = document.errors;
  if (problem !== undefined)
    throw new UsageError(`${name}: not valid YAML: ${problem.message.split('\n')[0]}`);
  const parsed = catalogue.safeParse(document.toJS());
  if (!parsed.success) throw new UsageError(`${name}: ${schemaMessage(parsed.error)}`);
  const seen = new Set<string>();
  const once = (what: string): void => {
    if (seen.has(what)) throw new UsageError(`${name}: ${what} occurs twice`);
    seen.add(what);
  };
  const all = Object.entries(parsed.data).flatMap(([sheet, entries]) =>
    (entries ?? []).map(one => {
      if (!one.id.startsWith(`${sheet}:`)) throw new UsageError(`${name}: ${one.id} stands under ${sheet}`);
      return one;
    }),
  );
  for (const one of all) {
    for (const each of [one.id, ...one.aliases]) once(each);
    for (const each of one.cases) once(`case ${targetOf(each)}/${each.case}`);
  }
  return all;
}

/** The target of a case: the folder of its file. */
export function targetOf(one: Pick<CatalogueCase, 'design'>): string {
  return one.design.slice(0, one.design.indexOf('/'));
}

/** `guest-memfd/A3-1.yaml`, below the corpus. */
export function caseFile(one: CatalogueCase): string {
  return `${targetOf(one)}/${one.case}.yaml`;
}

/** What is wrong between the fields of an entry; null if nothing is. */
function contradiction({ status, reason, cases }: CatalogueEntry): string | null {
  const findings = cases.filter(one => one.finding !== undefined).length;
  if (status === 'reproduced') return findings > 0 ? null : 'is reproduced, but no case has a finding';
  if (reason === undefined) return `status ${status} needs a reason`;
  if (findings > 0) return `status ${status}, but a case has a finding`;
  return status === 'clean' && cases.length === 0 ? 'status clean needs a case' : null;
}

function isRegularExpression(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}
