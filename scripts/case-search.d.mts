import type { CatalogueCase } from '../src/fuzz/catalogue.ts';
import type { Job } from '../src/fuzz/tasks.ts';

/** What a search of a case runs. Throws if the catalogue narrows it to operations that its design has not. */
export function jobOfCase(one: CatalogueCase, seed: string): Job;
