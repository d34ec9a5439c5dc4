/** What a finding can be shown as. */
export const tabs = ['diagram', 'report', 'trace', 'mail'] as const;
export type Tab = (typeof tabs)[number];

/** A text of a finding: there, on its way, or not to be had and why. */
export type FindingText =
  | { readonly state: 'ready'; readonly lines: readonly string[] }
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly why: string };

/** The texts of findings, as far as they are there. */
export interface Texts {
  of(folder: string, tab: Tab): FindingText;
}
