import type { FindingView, Snapshot } from '../fuzz/statistics/snapshot.ts';
import type { Tab, Texts } from './texts.ts';

export type PanelId =
  | 'timing'
  | 'results'
  | 'strategies'
  | 'coverage'
  | 'crashes'
  | 'pairs'
  | 'speed'
  | 'log'
  | 'preview';

/** What lies over the panels; null for nothing. */
export type Overlay =
  | { readonly kind: 'help'; readonly scroll: number }
  | { readonly kind: 'filter'; readonly at: number }
  | { readonly kind: 'finding'; readonly folder: string; readonly tab: Tab; readonly scroll: number }
  | { readonly kind: 'steps'; readonly folder: string };

/** What the user has chosen to see. Together with the snapshot and the size it makes the frame. */
export interface Ui {
  readonly panel: PanelId;
  /** Folder of the chosen finding; null for the newest, whichever that is. */
  readonly crash: string | null;
  /** First line shown of the panels that scroll. */
  readonly scroll: Readonly<Partial<Record<PanelId, number>>>;
  /** Target or design that findings, pairs and designs are shown of; null for all. */
  readonly filter: string | null;
  readonly overlay: Overlay | null;
  /** How far the user has gone towards leaving. */
  readonly leaving: 'no' | 'asked' | 'ending';
  /** Answer to the last key, in place of the list of keys. */
  readonly message: string;
}

export const initialUi: Ui = {
  panel: 'crashes',
  crash: null,
  scroll: {},
  filter: null,
  overlay: null,
  leaving: 'no',
  message: '',
};

/** What of a snapshot the user wants to see. */
export interface View {
  readonly snapshot: Snapshot;
  readonly ui: Ui;
  /** Findings that the filter lets through, newest first. */
  readonly findings: readonly FindingView[];
  readonly texts: Texts;
  /** True if the campaign is that of another process, or over: nothing can be changed. */
  readonly readOnly: boolean;
  /** True if a process works on the campaign. */
  readonly alive: boolean;
}

export function viewOf(snapshot: Snapshot, ui: Ui, texts: Texts, readOnly: boolean, alive: boolean): View {
  const findings = snapshot.findings.filter(one => passes(ui.filter, one.design)).reverse();
  return { snapshot, ui, texts, findings, readOnly, alive };
}

/** Whether a design is, or belongs to, what is filtered for. */
export function passes(filter: string | null, design: string): boolean {
  return filter === null || design === filter || design.startsWith(`${filter}/`);
}

/** The finding that is chosen; undefined if there is none. */
export function chosenFinding({ ui, findings }: View): FindingView | undefined {
  return findings.find(one => one.folder === ui.crash) ?? findings[0];
}

/** What can be filtered for: everything (null), targets, designs. */
export function filters(snapshot: Snapshot): readonly (string | null)[] {
  const designs = [...new Set(snapshot.designs.map(one => one.design))];
  const targets = [...new Set(designs.map(design => design.split('/')[0] ?? design))];
  return [null, ...targets.flatMap(target => [target, ...designs.filter(one => passes(target, one))])];
}
