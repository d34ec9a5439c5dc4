import type { CampaignSetup } from './campaign-setup.ts';
import { type Disk, DiskError } from './directory/disk.ts';
import { PlotData } from './directory/plot-data.ts';
import { plotRow, snapshotText, statsText } from './statistics/files.ts';
import type { Snapshot } from './statistics/snapshot.ts';

/** Seconds between status events, between writes of `snapshot.json`, and of `fuzzer_stats` and `plot_data`. */
const STATUS_SECONDS = 0.5;
const SNAPSHOT_SECONDS = 2;
const STATS_SECONDS = 5;

/** Tells whoever watches how the campaign is getting on: by events, and by files. */
export class Bulletin {
  readonly #setup: CampaignSetup;
  readonly #disk: Disk;
  readonly #plot: PlotData;
  #nextStatus = 0;
  #nextSnapshot = 0;
  #nextStats = 0;

  constructor(setup: CampaignSetup, disk: Disk) {
    this.#setup = setup;
    this.#disk = disk;
    this.#plot = new PlotData(setup.places.plot);
  }

  /** Tells and writes what is due; true if the figures were written. */
  tick(take: () => Snapshot): boolean {
    const now = performance.now() / 1000;
    if (now < this.#nextStatus) return false;
    this.#nextStatus = now + STATUS_SECONDS;
    const snapshot = take();
    this.#setup.emit({ type: 'status', snapshot });
    if (this.#disk.full) return false;
    if (now >= this.#nextSnapshot) {
      this.#nextSnapshot = now + SNAPSHOT_SECONDS;
      this.#writeSnapshot(snapshot).catch(() => {});
    }
    if (now < this.#nextStats) return false;
    this.#nextStats = now + STATS_SECONDS;
    this.#plot.add(plotRow(snapshot));
    this.#writeStats(snapshot).catch(() => {});
    return true;
  }

  /** Makes the next `tick` tell, as something has changed that people wait for. */
  hurry(): void {
    this.#nextStatus = 0;
  }

  /** Writes the last figures. */
  async close(snapshot: Snapshot): Promise<void> {
    this.#plot.add(plotRow(snapshot));
    this.#plot.close();
    try {
      await Promise.all([this.#writeStats(snapshot), this.#writeSnapshot(snapshot)]);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.#setup.emit({ type: 'note', level: 'warning', message: error.message });
    }
  }

  #writeStats(snapshot: Snapshot): Promise<void> {
    return this.#disk.write(this.#setup.places.stats, statsText(snapshot, this.#setup.banner), false);
  }

  #writeSnapshot(snapshot: Snapshot): Promise<void> {
    return this.#disk.write(this.#setup.places.snapshot, snapshotText(snapshot), false);
  }
}
