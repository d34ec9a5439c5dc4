import type { CatalogueCase } from '../src/fuzz/catalogue.ts';
import type { Job } from '../src/fuzz/tasks.ts';

/** What a search of a case runs. Throws if the catalogue narrows it to what its design, or `pagestorm fuzz`, does not know. */
export function jobOfCase(one: CatalogueCase, seed: string): Job;
