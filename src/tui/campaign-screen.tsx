import type { Snapshot } from '../fuzz/statistics/snapshot.ts';
import type { FindingTexts } from './finding-texts.ts';
import { bodyRows } from './frame.ts';
import { type Action, press } from './keys.ts';
import { Redraws } from './redraws.ts';
import { Keys, Screen } from './screen.tsx';
import { Terminal } from './terminal.tsx';
import { themeOf } from './theme.ts';
import { chosenFinding, initialUi, type Ui, type View, viewOf } from './ui.ts';

export interface CampaignScreenOptions {
  /** What is shown first. */
  readonly snapshot: Snapshot;
  readonly texts: FindingTexts;
  /** True if the campaign cannot be changed from here. */
  readonly readOnly: boolean;
  /** Does what keys ask for; `close` too. */
  readonly onAction: (action: Action) => void;
}

/** The campaign screen on the terminal of this process. */
export class CampaignScreen {
  readonly #options: CampaignScreenOptions;
  readonly #redraws: Redraws;
  readonly #terminal: Terminal;
  readonly #theme = themeOf(process.env);
  #snapshot: Snapshot;
  #alive = true;
  #ui: Ui = initialUi;

  constructor(options: CampaignScreenOptions) {
    this.#options = options;
    this.#snapshot = options.snapshot;
    this.#redraws = new Redraws(() => this.#terminal.update());
    this.#terminal = new Terminal(size => {
      return (
        <>
          <Keys onKey={this.#onKey} />
          <Screen view={this.#view()} size={size} theme={this.#theme} />
        </>
      );
    });
  }

  /** @param alive whether a process works on the campaign. */
  show(snapshot: Snapshot, alive = true): void {
    this.#snapshot = snapshot;
    this.#alive = alive;
    this.#ask();
    this.#redraws.soon();
  }

  /** The texts of a finding have come. */
  refresh(): void {
    this.#redraws.soon();
  }

  /** The campaign has been told to end. */
  ending(): void {
    this.#ui = { ...this.#ui, leaving: 'ending' };
    this.#redraws.soon();
  }

  close(): void {
    this.#redraws.end();
    this.#terminal.close();
  }

  readonly #onKey = (key: string): void => {
    const { ui, action } = press(this.#view(), key, bodyRows(this.#terminal.size));
    this.#ui = ui;
    this.#ask();
    this.#redraws.key();
    if (action !== null) this.#options.onAction(action);
  };

  #view(): View {
    const { texts, readOnly } = this.#options;
    return viewOf(this.#snapshot, this.#ui, texts, readOnly, this.#alive);
  }

  /** Has the texts made that are seen: all of an open finding, the report of a chosen one. */
  #ask(): void {
    const { overlay } = this.#ui;
    const { texts } = this.#options;
    if (overlay?.kind === 'finding') {
      const open = this.#snapshot.findings.find(one => one.folder === overlay.folder);
      if (open !== undefined) texts.ask(open);
    } else {
      const chosen = chosenFinding(this.#view());
      if (chosen !== undefined) texts.askReport(chosen);
    }
  }
}
