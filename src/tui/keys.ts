import { lengthOf, textRoom } from './overlays/finding.ts';
import { panelOrder } from './panels/index.ts';
import { previewLines } from './panels/preview.ts';
import { scrollTo } from './scroll.ts';
import { type Tab, tabs } from './texts.ts';
import { chosenFinding, filters, type Overlay, type PanelId, type Ui, type View } from './ui.ts';

/** What a key asks of the campaign. */
export type Action =
  | { readonly type: 'pause'; readonly paused: boolean }
  | { readonly type: 'minimize'; readonly folder: string }
  /** End the campaign in an orderly way, or at once. */
  | { readonly type: 'stop' }
  | { readonly type: 'kill' }
  /** Leave the screen of a campaign that goes on, or is over. */
  | { readonly type: 'close' };

export interface Pressed {
  readonly ui: Ui;
  readonly action: Action | null;
}

/** Panels that the arrow keys scroll; with the others they choose a crash. */
const scrolling: readonly PanelId[] = ['log', 'speed', 'pairs', 'preview'];

/**
 * What a key does: a pure function of what is seen. Keys are characters, or `up`, `down`, `left`, `right`, `home`, `end`,
 * `pageup`, `pagedown`, `enter`, `tab`, `shift-tab`, `esc`.
 *
 * @param rows lines between title and keys.
 */
export function press(view: View, key: string, rows: number): Pressed {
  const ui: Ui = { ...view.ui, message: '' };
  if (ui.leaving === 'ending') {
    return { ui, action: key === 'q' ? { type: 'kill' } : null };
  }
  if (ui.leaving === 'asked') {
    if (key === 'q' || key === 'y') return { ui: { ...ui, leaving: 'ending' }, action: { type: 'stop' } };
    return { ui: { ...ui, leaving: 'no' }, action: null };
  }
  switch (ui.overlay?.kind) {
    case undefined:
      return pressMain({ ...view, ui }, key);
    case 'help':
      return stay(pressHelp(ui, ui.overlay.scroll, key, rows));
    case 'filter':
      return stay(pressFilter(view, ui, ui.overlay.at, key));
    case 'finding':
      return pressFinding({ ...view, ui }, ui.overlay, key, rows);
    case 'steps':
      return stay(ui);
  }
}

function stay(ui: Ui): Pressed {
  return { ui, action: null };
}

function pressMain(view: View, key: string): Pressed {
  const { ui, snapshot, readOnly } = view;
  const chosen = chosenFinding(view);
  switch (key) {
    case 'q':
      return readOnly || snapshot.state === 'ended'
        ? { ui, action: { type: 'close' } }
        : stay({ ...ui, leaving: 'asked' });
    case ' ':
    case 'p':
      return pause(view);
    case 'tab':
      return stay({ ...ui, panel: nextPanel(ui.panel, 1) });
    case 'shift-tab':
      return stay({ ...ui, panel: nextPanel(ui.panel, -1) });
    case 'enter':
      if (chosen === undefined) return stay({ ...ui, message: 'no crash to open yet' });
      return stay({ ...ui, crash: chosen.folder, overlay: opened(chosen.folder) });
    case 's':
    case 'm':
      if (chosen === undefined) return stay({ ...ui, message: 'no crash yet' });
      return onFinding(view, { ...ui, crash: chosen.folder }, chosen.folder, key);
    case 't':
      return stay({
        ...ui,
        overlay: { kind: 'filter', at: Math.max(0, filters(snapshot).indexOf(ui.filter)) },
      });
    case '?':
    case 'h':
      return stay({ ...ui, overlay: { kind: 'help', scroll: 0 } });
    case 'esc':
      return stay({ ...ui, panel: 'crashes', scroll: {} });
    default:
      return stay(moved(view, key));
  }
}

function opened(folder: string, tab: Tab = 'diagram'): Overlay {
  return { kind: 'finding', folder, tab, scroll: 0 };
}

function pause({ ui, snapshot, readOnly }: View): Pressed {
  if (snapshot.state === 'ended') return stay({ ...ui, message: 'the campaign has ended' });
  if (readOnly)
    return stay({ ...ui, message: 'this screen only looks on; pause the campaign where it runs' });
  if (snapshot.state === 'paused')
    return { ui: { ...ui, message: 'going on' }, action: { type: 'pause', paused: false } };
  if (snapshot.state !== 'searching') return stay({ ...ui, message: 'it can be paused while it searches' });
  return { ui: { ...ui, message: 'pausing' }, action: { type: 'pause', paused: true } };
}

function nextPanel(panel: PanelId, by: 1 | -1): PanelId {
  const at = panelOrder.indexOf(panel) + by + panelOrder.length;
  return panelOrder[at % panelOrder.length] ?? panel;
}

/** Chooses another crash, or scrolls the panel at hand. */
function moved(view: View, key: string): Ui {
  const { ui, findings } = view;
  const by = step(key, 10);
  if (by === null) return ui;
  if (scrolling.includes(ui.panel)) {
    // The log is scrolled back from its end.
    const sign = ui.panel === 'log' ? -1 : 1;
    const lines = linesOf(view, ui.panel);
    const to = scrollTo((ui.scroll[ui.panel] ?? 0) + sign * by, lines, 1);
    return { ...ui, scroll: { ...ui.scroll, [ui.panel]: to } };
  }
  if (findings.length === 0) return ui;
  const chosen = chosenFinding(view);
  const at = chosen === undefined ? 0 : findings.indexOf(chosen);
  const to = Math.max(0, Math.min(findings.length - 1, at + by));
  // At the top, the newest stays chosen whichever that is.
  return { ...ui, crash: to === 0 ? null : (findings[to]?.folder ?? null) };
}

function linesOf(view: View, panel: PanelId): number {
  const { snapshot } = view;
  if (panel === 'log') return snapshot.log.length;
  if (panel === 'speed') return snapshot.workers.length;
  if (panel === 'preview') return previewLines(view).length;
  return Math.max(0, ...snapshot.pairs.map(one => one.operations.length));
}

/** Lines that a key moves by; null if it moves nothing. */
function step(key: string, page: number): number | null {
  switch (key) {
    case 'up':
    case 'k':
      return -1;
    case 'down':
    case 'j':
      return 1;
    case 'pageup':
      return -page;
    case 'pagedown':
      return page;
    case 'home':
      return Number.NEGATIVE_INFINITY;
    case 'end':
      return Number.POSITIVE_INFINITY;
    default:
      return null;
  }
}

function isBack(key: string): boolean {
  return key === 'esc' || key === 'q' || key === 'backspace';
}

function pressHelp(ui: Ui, scroll: number, key: string, rows: number): Ui {
  const by = step(key, rows - 1);
  if (by === null) return isBack(key) || key === '?' || key === 'h' ? { ...ui, overlay: null } : ui;
  return { ...ui, overlay: { kind: 'help', scroll: Math.max(0, Math.min(HELP_LINES, scroll + by)) } };
}

/** More than the help has at any width that is used: it is clamped when it is shown. */
const HELP_LINES = 200;

function pressFilter({ snapshot }: View, ui: Ui, at: number, key: string): Ui {
  const all = filters(snapshot);
  if (isBack(key) || key === 't') return { ...ui, overlay: null };
  if (key === 'enter') return { ...ui, overlay: null, filter: all[at] ?? null, crash: null };
  const by = step(key, 10);
  if (by === null) return ui;
  return { ...ui, overlay: { kind: 'filter', at: Math.max(0, Math.min(all.length - 1, at + by)) } };
}

function pressFinding(
  view: View,
  overlay: Extract<Overlay, { kind: 'finding' }>,
  key: string,
  rows: number,
): Pressed {
  const { ui, texts } = view;
  const { folder, tab } = overlay;
  if (isBack(key)) return stay({ ...ui, overlay: null });
  if (key === 's' || key === 'm') return onFinding(view, ui, folder, key);
  if (key === 'n' || key === 'N') {
    const at = view.findings.findIndex(one => one.folder === folder);
    const next = view.findings[at + (key === 'n' ? 1 : -1)];
    if (next === undefined)
      return stay({ ...ui, message: key === 'n' ? 'this is the oldest' : 'this is the newest' });
    return stay({ ...ui, crash: next.folder, overlay: opened(next.folder, tab) });
  }
  const turned = turn(tabs.indexOf(tab), key);
  if (turned !== null) {
    return stay({ ...ui, overlay: { ...overlay, tab: tabs[turned] ?? tab, scroll: 0 } });
  }
  const room = textRoom(rows);
  const by = step(key, Math.max(1, room - 1));
  if (by === null) return stay(ui);
  const lines = lengthOf(texts.of(folder, tab));
  return stay({ ...ui, overlay: { ...overlay, scroll: scrollTo(overlay.scroll + by, lines, room) } });
}

/** The tab that a key leads to; null if it leads to none. */
function turn(at: number, key: string): number | null {
  const count = tabs.length;
  if (key === 'right' || key === 'tab') return (at + 1) % count;
  if (key === 'left' || key === 'shift-tab') return (at + count - 1) % count;
  const number = Number(key) - 1;
  return key.length === 1 && number >= 0 && number < count ? number : null;
}

function onFinding(view: View, ui: Ui, folder: string, key: 's' | 'm'): Pressed {
  if (key === 's') return stay({ ...ui, overlay: { kind: 'steps', folder } });
  const one = view.snapshot.findings.find(finding => finding.folder === folder);
  if (view.readOnly) return stay({ ...ui, message: 'not from here; pagestorm minimize <case> does it' });
  switch (one?.minimize.state) {
    case 'waiting':
      return { ui: { ...ui, message: 'it is minimised next' }, action: { type: 'minimize', folder } };
    case 'running':
      return stay({ ...ui, message: 'it is being minimised' });
    case 'done':
      return one.minimize.complete
        ? stay({ ...ui, message: 'it is minimised: nothing smaller was found' })
        : { ui: { ...ui, message: 'it is minimised further' }, action: { type: 'minimize', folder } };
    default:
      return stay({ ...ui, message: 'it cannot be minimised: it does not do the same each time' });
  }
}
