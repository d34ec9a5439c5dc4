import { allSites, siteHashes } from '../../engine/sites.ts';
import type { CampaignJob } from '../campaign-job.ts';
import { CELLS, cellOf, classOf, Feature, featureClasses, firstCell } from '../coverage/classes.ts';
import { Recent } from './recent.ts';
import type { CoverageView } from './snapshot.ts';

/** Seconds after which the sampled counts of a job are looked at again: a map has some 200,000 cells. */
const COUNT_SECONDS = 5;

interface Counts {
  readonly done: number;
  readonly at: number;
  readonly sampled: number;
  /** By class: features counted in exactly one sampled execution. */
  readonly once: readonly number[];
}

/** Coverage of a campaign by class: what any of its designs has shown. */
export class CoverageTotals {
  readonly #jobs: readonly CampaignJob[];
  readonly #siteCells: ReadonlySet<number>;
  readonly #shown = new Uint8Array(CELLS);
  readonly #covered = featureClasses.map(() => 0);
  /** Features that were new to their design, by class. */
  readonly #fresh = featureClasses.map(() => 0);
  readonly #recent = new Recent();
  readonly #counts = new Map<number, Counts>();

  /** The models of the jobs must have been loaded, as their sites are what can be covered. */
  constructor(jobs: readonly CampaignJob[]) {
    this.#jobs = jobs;
    this.#siteCells = siteCells(new Set(jobs.map(({ job }) => job.design.split('/')[0] ?? '')));
  }

  /** Features that were new to their design. */
  add(cells: readonly number[]): void {
    for (const cell of cells) {
      this.#fresh[classOf(cell)]++;
      this.#show(cell);
    }
  }

  /** Takes over what the maps hold, after a campaign was restored. */
  restore(): void {
    for (const { map } of this.#jobs) {
      for (let cell = 0; cell < CELLS; cell++) if (map.has(cell)) this.#show(cell);
    }
  }

  sample(at: number, executions: number): void {
    this.#recent.sample(at, [executions, ...this.#fresh]);
  }

  /** @param last counts anew, however lately it has. */
  views(at: number, executions: number, last: boolean): readonly CoverageView[] {
    const [ran = 0, ...gains] = this.#recent.gains([executions, ...this.#fresh]);
    const counts = this.#jobs.map(job => this.#countsOf(job, at, last));
    const sampled = counts.reduce((sum, one) => sum + one.sampled, 0);
    return featureClasses.map(({ name, meaning }, i): CoverageView => {
      const once = counts.reduce((sum, one) => sum + (one.once[i] ?? 0), 0);
      return {
        name,
        meaning,
        covered: this.#covered[i] ?? 0,
        known: i === Feature.Site ? this.#knownSites() : null,
        perThousand: ran === 0 ? 0 : (1000 * (gains[i] ?? 0)) / ran,
        unseen: sampled === 0 ? null : once / sampled,
      };
    });
  }

  /** Those of the targets' own code, and what was reached of the code that targets share. Null if there are none. */
  #knownSites(): number | null {
    let shared = 0;
    for (let cell = firstCell[Feature.Site]; cell < firstCell[Feature.Site + 1]; cell++) {
      if (this.#shown[cell] !== 0 && !this.#siteCells.has(cell)) shared++;
    }
    return this.#siteCells.size === 0 ? null : this.#siteCells.size + shared;
  }

  #show(cell: number): void {
    if (this.#shown[cell] !== 0) return;
    this.#shown[cell] = 1;
    this.#covered[classOf(cell)]++;
  }

  #countsOf(job: CampaignJob, at: number, last: boolean): Counts {
    const before = this.#counts.get(job.index);
    if (before !== undefined && (before.done === job.done || (!last && at - before.at < COUNT_SECONDS)))
      return before;
    const { sampled, classes } = job.map.snapshot();
    const counts = { done: job.done, at, sampled, once: classes.map(({ once }) => once) };
    this.#counts.set(job.index, counts);
    return counts;
  }
}

/** Cells of the accesses in the code of some targets. */
function siteCells(targets: ReadonlySet<string>): ReadonlySet<number> {
  const cells = new Set<number>();
  for (const [id, { file, access }] of allSites().entries()) {
    if (access && targets.has(file.split('/')[0] ?? '')) cells.add(cellOf(Feature.Site, siteHashes[id]));
  }
  return cells;
}
