import type { CampaignConfig } from '../../fuzz/directory/config.ts';
import type { Snapshot } from '../../fuzz/statistics/snapshot.ts';
import type { Finding } from './finding.ts';

/** One campaign, as its directory tells. */
export interface Instance {
  readonly name: string;
  readonly dir: string;
  readonly config: CampaignConfig;
  readonly command: string;
  /** Whether its process runs. */
  readonly alive: boolean;
  /** Null if it cannot be read, or is not there. */
  readonly snapshot: Snapshot | null;
  /** What `plot_data` says, by column. */
  readonly plot: ReadonlyMap<string, readonly number[]>;
}

/** A finding whose folder is there but whose case cannot be shown. */
export interface Unreadable {
  readonly file: string;
  readonly reason: string;
}

/** All that the page of a campaign, or of instances that share a directory, says. */
export interface CampaignReport {
  readonly dir: string;
  readonly instances: readonly Instance[];
  /** Each once, whichever instance found it. */
  readonly findings: readonly Finding[];
  readonly unreadable: readonly Unreadable[];
  /** Files that could not be used. */
  readonly notes: readonly string[];
  readonly version: string;
}
