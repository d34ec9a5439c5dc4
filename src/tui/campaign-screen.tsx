import type { ReactNode } from 'react';
import type { FindingView, Snapshot } from '../fuzz/statistics/snapshot.ts';
import type { Stepped } from '../fuzz/steps/steps.ts';
import type { FindingTexts } from './finding-texts.ts';
import { bodyRows } from './frame.ts';
import { type Action, press } from './keys.ts';
import { Redraws } from './redraws.ts';
import { Keys, Screen } from './screen.tsx';
import type { Size } from './size.ts';
import { Stepper } from './stepper/index.ts';
import { Terminal } from './terminal.tsx';
import { themeOf } from './theme.ts';
import { chosenFinding, initialUi, type Ui, type View, viewOf } from './ui.ts';

export interface CampaignScreenOptions {
  /** What is shown first. */
  readonly snapshot: Snapshot;
  readonly texts: FindingTexts;
  /** True if the campaign cannot be changed from here. */
  readonly readOnly: boolean;
  /** Does what keys ask for. */
  readonly onAction: (action: Action) => void;
  /** The screen has failed and is closed; the campaign goes on. */
  readonly onCrash: (error: Error) => void;
}

/** Milliseconds for which the answer to a key stands in place of the list of keys. */
const MESSAGE_MS = 4000;

/** The campaign screen on the terminal of this process. */
export class CampaignScreen {
  readonly #options: CampaignScreenOptions;
  readonly #redraws: Redraws;
  readonly #terminal: Terminal;
  readonly #theme = themeOf(process.env);
  #snapshot: Snapshot;
  #alive = true;
  #keyAt = 0;
  /** What ends a screen that outlasts its campaign. */
  #leave: (() => void) | null = null;
  #ui: Ui = initialUi;
  /** The steps that are shown; null before they have come. */
  #steps: { readonly folder: string; readonly stepped: Stepped | null } | null = null;

  constructor(options: CampaignScreenOptions) {
    this.#options = options;
    this.#snapshot = options.snapshot;
    this.#redraws = new Redraws(() => this.#terminal.update());
    this.#terminal = new Terminal(size => this.#content(size));
    this.#terminal.ended().catch((error: unknown) => {
      this.#redraws.end();
      // There are no keys any more that would lead out of it.
      this.#leave?.();
      options.onCrash(error instanceof Error ? error : new Error(String(error)));
    });
  }

  /** @param alive whether a process works on the campaign. */
  show(snapshot: Snapshot, alive = true): void {
    this.#snapshot = snapshot;
    this.#alive = alive;
    if (performance.now() - this.#keyAt > MESSAGE_MS) this.#ui = { ...this.#ui, message: '' };
    this.#ask();
    this.#redraws.soon();
  }

  /** The texts of a finding have come. */
  refresh(): void {
    this.#redraws.soon();
  }

  /** The campaign has been told to end. */
  ending(): void {
    if (this.#leave !== null) this.#leave();
    this.#ui = { ...this.#ui, overlay: null, leaving: 'ending' };
    this.#redraws.soon();
  }

  /** The campaign is over: resolves at once, or when the user leaves who is reading something. */
  async left(): Promise<void> {
    if (this.#ui.overlay === null) return;
    this.#ui = { ...this.#ui, message: 'the campaign has ended; esc leads back, q there leaves' };
    const left = new Promise<void>(resolve => {
      this.#leave = resolve;
    });
    this.#redraws.soon();
    await left;
  }

  close(): void {
    this.#redraws.end();
    this.#terminal.close();
  }

  #content(size: Size): ReactNode {
    const stepped = this.#ui.overlay?.kind === 'steps' ? this.#steps?.stepped : null;
    if (stepped !== null && stepped !== undefined) {
      const name = this.#findingOf(this.#steps?.folder)?.file ?? '';
      return (
        <Stepper
          stepped={stepped}
          name={name}
          size={size}
          color={this.#theme.colors}
          onClose={this.#onStepped}
        />
      );
    }
    return (
      <>
        <Keys onKey={this.#onKey} />
        <Screen view={this.#view()} size={size} theme={this.#theme} />
      </>
    );
  }

  #view(): View {
    const { texts } = this.#options;
    const readOnly = this.#options.readOnly || this.#leave !== null;
    return viewOf(this.#snapshot, this.#ui, texts, readOnly, this.#alive);
  }

  #findingOf(folder: string | undefined): FindingView | undefined {
    return this.#snapshot.findings.find(one => one.folder === folder);
  }

  readonly #onKey = (key: string): void => {
    const { ui, action } = press(this.#view(), key, bodyRows(this.#terminal.size));
    this.#ui = ui;
    this.#keyAt = performance.now();
    this.#ask();
    this.#redraws.key();
    if (action?.type === 'close' && this.#leave !== null) this.#leave();
    else if (action !== null) this.#options.onAction(action);
  };

  /** The stepper was left. */
  readonly #onStepped = (): void => {
    const folder = this.#steps?.folder;
    this.#steps = null;
    this.#ui = {
      ...this.#ui,
      overlay: folder === undefined ? null : { kind: 'finding', folder, tab: 'diagram', scroll: 0 },
    };
    this.#ask();
    this.#redraws.key();
  };

  /** Has made what is seen: all texts of an open finding, its steps, the report of a chosen one. */
  #ask(): void {
    const { overlay } = this.#ui;
    const { texts } = this.#options;
    if (overlay?.kind === 'finding') {
      const open = this.#findingOf(overlay.folder);
      if (open === undefined) return;
      if (overlay.tab === 'mail') texts.askMail(open);
      else texts.ask(open);
    } else if (overlay?.kind === 'steps') {
      if (this.#steps?.folder !== overlay.folder) this.#loadSteps(overlay.folder);
    } else {
      const chosen = chosenFinding(this.#view());
      if (chosen !== undefined) texts.askReport(chosen);
    }
  }

  #loadSteps(folder: string): void {
    const one = this.#findingOf(folder);
    if (one === undefined) return;
    this.#steps = { folder, stepped: null };
    this.#options.texts.steps(one).then(
      stepped => {
        if (this.#steps?.folder !== folder) return;
        this.#steps = { folder, stepped };
        this.#redraws.key();
      },
      (error: unknown) => {
        this.#steps = null;
        const why = error instanceof Error ? error.message : String(error);
        this.#ui = { ...this.#ui, overlay: null, message: `cannot be stepped through: ${why}` };
        this.#redraws.key();
      },
    );
  }
}
