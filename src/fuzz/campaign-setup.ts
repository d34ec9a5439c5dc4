import type { Target } from '../targets/target.ts';
import type { Texts } from './campaign-findings.ts';
import type { Places } from './directory/campaign-directory.ts';
import type { CampaignConfig } from './directory/config.ts';
import type { Suspect } from './directory/journal.ts';
import type { CampaignEvent } from './events.ts';
import type { RawFinding } from './tasks.ts';

/** A program that its process died of. */
export interface Killer {
  readonly suspect: Suspect;
  readonly finding: RawFinding;
}

/** What ends a run of a campaign; null for no limit. */
export interface Limits {
  /** Executions, shared evenly by the jobs. */
  readonly executions: number | null;
  readonly seconds: number | null;
  /** True if they count from now, false if from the campaign's beginning. */
  readonly fromNow: boolean;
  readonly untilCrash: boolean;
}

/** What a campaign is given to run. */
export interface CampaignSetup {
  readonly config: CampaignConfig;
  readonly places: Places;
  readonly targets: readonly Target[];
  readonly workers: number;
  readonly limits: Limits;
  /** Programs that killed the process of an earlier run of it. */
  readonly killers: readonly Killer[];
  /** True if the campaign goes on from an earlier run, or from a process that died. */
  readonly resumed: boolean;
  /** Times that the process died since the command was given. */
  readonly restarts: number;
  /** Whether the search is to show first that it finds a planted bug. */
  readonly selfcheck: boolean;
  readonly texts: Texts;
  readonly emit: (event: CampaignEvent) => void;
  /** What `fuzzer_stats` says besides figures. */
  readonly banner: Readonly<Record<string, string>>;
}
