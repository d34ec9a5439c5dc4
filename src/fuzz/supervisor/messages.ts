import type { Killer, Limits } from '../campaign-setup.ts';
import type { CampaignEvent } from '../events.ts';

/** What the process with the workers is told at its start; all else is in the campaign directory. */
export interface StartMessage {
  readonly type: 'start';
  readonly root: string;
  /** The command line, for `fuzzer_stats`. */
  readonly command: string;
  readonly workers: number;
  readonly limits: Limits;
  readonly selfcheck: boolean;
  readonly sites: boolean;
  /** True if the campaign goes on from an earlier run, or from a process that died. */
  readonly resumed: boolean;
  /** Times that the process died in this run of the command. */
  readonly restarts: number;
  /** Programs found to kill the process: they are findings, and are not run again. */
  readonly killers: readonly Killer[];
}

/** What a user who watches may ask of a campaign. */
export type Command =
  | { readonly type: 'stop' }
  | { readonly type: 'pause'; readonly paused: boolean }
  /** Minimise a finding before the others, or further; `folder` is `FindingView.folder`. */
  | { readonly type: 'minimize'; readonly folder: string };

export type ToProcess = StartMessage | Command;

export type FromProcess =
  | { readonly type: 'event'; readonly event: CampaignEvent }
  | { readonly type: 'failed'; readonly usage: boolean; readonly message: string; readonly stack: string };
