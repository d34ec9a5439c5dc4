import type { EndReason, Snapshot } from './statistics/snapshot.ts';

/** What a campaign tells whoever watches: lines on the terminal, `--json`, later the screens. */
export type CampaignEvent =
  | {
      readonly type: 'start';
      readonly dir: string;
      readonly seed: string;
      readonly designs: readonly string[];
      readonly workers: number;
      readonly deterministic: boolean;
      /** False if only the user ends it. */
      readonly limited: boolean;
      /** True if an earlier run is continued. */
      readonly resumed: boolean;
    }
  | { readonly type: 'status'; readonly snapshot: Snapshot }
  | {
      readonly type: 'finding';
      readonly folder: string;
      readonly design: string;
      readonly memory: string;
      readonly verdict: string;
      /** The signature, or the text of an error. */
      readonly key: string;
      readonly message: string;
      /** A fault of the model and not of the design: it threw, hung, used up memory or is nondeterministic. */
      readonly modelFault: boolean;
      readonly executions: number;
      readonly seconds: number;
    }
  /** The report of a finding is there, with the minimised case if it could be minimised. */
  | {
      readonly type: 'report';
      readonly folder: string;
      readonly file: string;
      readonly modelFault: boolean;
      readonly text: string;
    }
  | {
      readonly type: 'selfcheck';
      readonly ok: boolean;
      readonly lines: readonly string[];
    }
  | { readonly type: 'note'; readonly level: 'info' | 'warning'; readonly message: string }
  | { readonly type: 'sites'; readonly total: number; readonly missed: readonly string[] }
  | { readonly type: 'end'; readonly reason: EndReason; readonly snapshot: Snapshot };
