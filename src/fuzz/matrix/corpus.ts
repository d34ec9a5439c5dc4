import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MemoryName } from '../../engine/memory/index.ts';
import type { Target } from '../../targets/target.ts';
import { type Case, caseDesign } from '../case/case.ts';
import { readCase } from '../case/read.ts';
import { type CatalogueEntry, caseFile } from '../catalogue.ts';

/** A case of the corpus, and the bug that it shows. */
export interface CorpusCase {
  /** `guest-memfd/A3-1.yaml`, below the corpus. */
  readonly file: string;
  readonly case: Case;
  readonly design: string;
  /** Catalogue id; the file without its ending if no entry names it. */
  readonly id: string;
  /** Derived from reading code and confirmed by no kernel developer. */
  readonly hazard: boolean;
  /** Pattern of the signatures that are this bug. */
  readonly finding: RegExp | null;
}

/** The cases below `folder` of the targets given, by file name. */
export function loadCorpus(
  folder: string,
  catalogue: readonly CatalogueEntry[],
  targets: readonly Target[],
): readonly CorpusCase[] {
  const listed = new Map(
    catalogue.flatMap(entry => entry.cases.map(one => [caseFile(one), { entry, one }] as const)),
  );
  return targets.flatMap(({ name }) => {
    const path = join(folder, name);
    if (!existsSync(path)) return [];
    return readdirSync(path)
      .filter(file => file.endsWith('.yaml'))
      .sort()
      .map(file => {
        const below = `${name}/${file}`;
        const one = readCase(readFileSync(join(path, file)), join(path, file), targets);
        const of = listed.get(below);
        return {
          file: below,
          case: one,
          design: caseDesign(one),
          id: of?.entry.id ?? below.replace(/\.yaml$/, ''),
          hazard: of?.entry.hazard ?? false,
          finding: of?.one.finding === undefined ? null : new RegExp(of.one.finding),
        };
      });
  });
}

/** Memory models from the strongest on: what one allows, the later ones allow too. */
const strength: readonly MemoryName[] = ['sc', 'tso', 'arm64', 'lkmm'];

/** Whether an execution under one memory model is one under another as well. */
export function allows(memory: MemoryName, recorded: MemoryName): boolean {
  return strength.indexOf(recorded) <= strength.indexOf(memory);
}
