import { describe, expect, test } from 'vitest';
import type { Snapshot } from '../../src/fuzz/statistics/snapshot.ts';
import { type Action, press } from '../../src/tui/keys.ts';
import type { Texts } from '../../src/tui/texts.ts';
import { initialUi, type Ui, viewOf } from '../../src/tui/ui.ts';
import { finding, snapshot } from './snapshots.ts';

const texts: Texts = {
  of: () => ({ state: 'ready', lines: Array.from({ length: 100 }, (_, i) => `line ${i}`) }),
};
const three = snapshot({ findings: [0, 1, 2].map(i => finding(i)) });

/** Presses keys one after another; returns what the user sees then, and what was asked of the campaign. */
function pressed(
  keys: readonly string[],
  on: Snapshot = three,
  readOnly = false,
): { ui: Ui; actions: Action[] } {
  let ui = initialUi;
  const actions: Action[] = [];
  for (const key of keys) {
    const after = press(viewOf(on, ui, texts, readOnly, true), key, 22);
    ui = after.ui;
    if (after.action !== null) actions.push(after.action);
  }
  return { ui, actions };
}

describe('the campaign screen', () => {
  test('space and p pause and resume', () => {
    for (const key of [' ', 'p']) {
      expect(pressed([key]).actions).toEqual([{ type: 'pause', paused: true }]);
      expect(pressed([key], { ...three, state: 'paused' }).actions).toEqual([
        { type: 'pause', paused: false },
      ]);
    }
  });

  test('q asks, q again ends the campaign, a third q leaves at once; any other key goes on', () => {
    expect(pressed(['q']).actions).toEqual([]);
    expect(pressed(['q']).ui.leaving).toBe('asked');
    expect(pressed(['q', 'x'])).toMatchObject({ ui: { leaving: 'no' }, actions: [] });
    expect(pressed(['q', 'q', 'q']).actions).toEqual([{ type: 'stop' }, { type: 'kill' }]);
    expect(pressed(['q', 'y']).actions).toEqual([{ type: 'stop' }]);
  });

  test('q leaves a screen that only looks on without a question', () => {
    expect(pressed(['q'], three, true).actions).toEqual([{ type: 'close' }]);
    expect(pressed([' '], three, true)).toMatchObject({ actions: [], ui: { message: /only looks on/ } });
    expect(pressed(['m'], three, true).actions).toEqual([]);
  });

  test('the arrows choose a crash, and at the top the newest stays chosen when another comes', () => {
    expect(pressed(['down']).ui.crash).toBe(finding(1).folder);
    expect(pressed(['down', 'down', 'down']).ui.crash).toBe(finding(0).folder);
    expect(pressed(['down', 'up']).ui.crash).toBeNull();
    expect(pressed(['end', 'home']).ui.crash).toBeNull();
  });

  test('tab goes through all panels and back, and the arrows then scroll those that scroll', () => {
    const nine = Array<string>(9).fill('tab');
    expect(pressed(nine).ui.panel).toBe('crashes');
    expect(pressed(['tab', 'shift-tab']).ui.panel).toBe('crashes');
    expect(pressed(['shift-tab']).ui.panel).toBe('preview');
    expect(pressed(['shift-tab', 'shift-tab', 'up', 'up']).ui).toMatchObject({
      panel: 'log',
      scroll: { log: 2 },
    });
  });

  test('enter opens the chosen crash, tabs turn, and esc leads back', () => {
    const open = pressed(['down', 'enter']).ui;
    expect(open.overlay).toEqual({ kind: 'finding', folder: finding(1).folder, tab: 'diagram', scroll: 0 });
    expect(pressed(['enter', 'right']).ui.overlay).toMatchObject({ tab: 'report' });
    expect(pressed(['enter', 'left']).ui.overlay).toMatchObject({ tab: 'mail' });
    expect(pressed(['enter', '3', 'down', 'down']).ui.overlay).toMatchObject({ tab: 'trace', scroll: 2 });
    expect(pressed(['enter', 'end']).ui.overlay).toMatchObject({ scroll: 81 });
    expect(pressed(['enter', 'n']).ui.overlay).toMatchObject({ folder: finding(1).folder });
    for (const key of ['esc', 'q', 'backspace']) expect(pressed(['enter', key]).ui.overlay).toBeNull();
  });

  test('m has a crash that waits minimised before the others', () => {
    const waiting = finding(0, { minimize: { ...finding(0).minimize, state: 'waiting' } });
    const on = snapshot({ findings: [waiting] });
    expect(pressed(['m'], on).actions).toEqual([{ type: 'minimize', folder: waiting.folder }]);
    expect(pressed(['enter', 'm'], on).actions).toEqual([{ type: 'minimize', folder: waiting.folder }]);
    expect(pressed(['m'])).toMatchObject({ actions: [], ui: { message: /nothing smaller/ } });
  });

  test('s steps through a crash', () => {
    expect(pressed(['s']).ui.overlay).toEqual({ kind: 'steps', folder: finding(2).folder });
    expect(pressed(['s'], snapshot({ findings: [] })).ui.message).toMatch(/no crash/);
  });

  test('t filters by target and design', () => {
    expect(pressed(['t', 'down', 'enter']).ui).toMatchObject({ overlay: null, filter: 'mte-sync' });
    expect(pressed(['t', 'end', 'enter']).ui.filter).toBe('mte-sync/v5.19');
    expect(pressed(['t', 'down', 'esc']).ui.filter).toBeNull();
  });

  test('? explains keys and panels', () => {
    expect(pressed(['?', 'down']).ui.overlay).toEqual({ kind: 'help', scroll: 1 });
    expect(pressed(['?', '?']).ui.overlay).toBeNull();
  });
});
