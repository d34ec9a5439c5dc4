import fc from 'fast-check';
import { render } from 'ink-testing-library';
import { afterEach, describe, expect, test } from 'vitest';
import { frame } from '../../src/tui/frame.ts';
import { panelOrder } from '../../src/tui/panels/index.ts';
import { Screen } from '../../src/tui/screen.tsx';
import type { Size } from '../../src/tui/size.ts';
import { type Row, textOf, widthOf } from '../../src/tui/text.ts';
import { type FindingText, type Texts, tabs } from '../../src/tui/texts.ts';
import { paint } from '../../src/tui/theme.ts';
import { initialUi, type Overlay, type Ui, viewOf } from '../../src/tui/ui.ts';
import { finding, snapshot, snapshots } from './snapshots.ts';

// Fixed, so that a failure is the fault of the change at hand.
const fixed = { seed: 100 };
const none: Texts = { of: () => ({ state: 'loading' }) };
const mounted: ReturnType<typeof render>[] = [];
afterEach(() => {
  for (const one of mounted.splice(0)) one.unmount();
});

/** The frame as Ink hands it to the terminal, without colours. */
function shown(size: Size, ui: Partial<Ui> = {}, of = snapshot(), texts = none): string {
  const view = viewOf(of, { ...initialUi, ...ui }, texts, false, true);
  const instance = render(<Screen view={view} size={size} theme={{ colors: false, unicode: true }} />);
  mounted.push(instance);
  return plain(instance.lastFrame() ?? '');
}

function plain(text: string): string {
  return text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9]+m`, 'g'), '');
}

describe('at every size', () => {
  const sizes = fc.record({
    columns: fc.integer({ min: 1, max: 220 }),
    rows: fc.integer({ min: 1, max: 70 }),
  });
  const text: fc.Arbitrary<FindingText> = fc.oneof(
    fc.constant<FindingText>({ state: 'loading' }),
    fc.string({ maxLength: 300 }).map(why => ({ state: 'failed', why }) as const),
    fc
      .array(fc.string({ unit: 'binary', maxLength: 120 }), { maxLength: 90 })
      .map(lines => ({ state: 'ready', lines }) as const),
  );
  const overlays: fc.Arbitrary<Overlay | null> = fc.oneof(
    fc.constant(null),
    fc.record({ kind: fc.constant('help' as const), scroll: fc.nat(300) }),
    fc.record({ kind: fc.constant('filter' as const), at: fc.nat(40) }),
    fc.record({
      kind: fc.constant('finding' as const),
      folder: fc.constantFrom('id:0', 'id:1', 'gone'),
      tab: fc.constantFrom(...tabs),
      scroll: fc.nat(100),
    }),
  );
  const uis = fc.record<Ui>({
    panel: fc.constantFrom(...panelOrder),
    crash: fc.constantFrom(null, 'id:0', 'id:3', 'gone'),
    scroll: fc.record({ log: fc.nat(60), speed: fc.nat(60), pairs: fc.nat(60), preview: fc.nat(100) }),
    filter: fc.constantFrom(null, 'mte-sync', 'mte-sync/v5.19', 'nothing'),
    overlay: overlays,
    leaving: fc.constantFrom('no', 'asked', 'ending'),
    message: fc.constantFrom('', 'no crash yet'),
  });

  test('a frame has as many rows as the terminal, each as wide, of characters that take one cell', () => {
    fc.assert(
      fc.property(snapshots, uis, text, sizes, fc.boolean(), (one, ui, of, size, readOnly) => {
        const rows = frame(viewOf(one, ui, { of: () => of }, readOnly, !readOnly), size);
        expect(rows.length).toBe(size.rows);
        for (const row of rows) {
          expect(widthOf(row)).toBe(size.columns);
          expect(textOf(row)).not.toMatch(/[^\x20-\x7e\u00a1-\u02ff\u2013-\u25ff\u2713\u2717]/);
        }
      }),
      { ...fixed, numRuns: 300 },
    );
  });

  test('Ink shows the same lines, and neither wraps nor cuts them', () => {
    fc.assert(
      fc.property(snapshots, uis, sizes, (one, ui, asked) => {
        // The terminal of ink-testing-library has 100 columns.
        const size = { ...asked, columns: Math.min(100, asked.columns) };
        const view = viewOf(one, ui, none, false, true);
        const expected = frame(view, size).map(row => textOf(row).trimEnd());
        const lines = shown(size, ui, one)
          .split('\n')
          .map(line => line.trimEnd());
        expect(lines).toEqual(expected);
      }),
      { ...fixed, numRuns: 40 },
    );
  });
});

describe('80x24', () => {
  const size = { columns: 80, rows: 24 };

  test('shows timing, results, yields, coverage, crashes, speed and log', () => {
    const text = shown(size);
    for (const part of [
      /pagestorm {2}mte-sync\/v5\.19 \(sc\) .* searching 12 min 05 s/,
      /run time +12 min 05 s/,
      /last crash +9 min 55 s ago/,
      /executions 1\.23M \(24\.8k\/s\)/,
      /\*walk +90\.0k +900/,
      /reads-from +2\.35k +1\.3 +0\.4 %/,
      /▶ +8x +9m 7% 12→3 ops +tag-loss #1 \| store_tag/,
      /w1 +12\.0k\/s +▁▄▇███/,
      /! a batch failed/,
      /operation pairs: 25 of 36 met/,
      /q quit .*\? help .*space pause/,
    ]) {
      expect(text).toMatch(part);
    }
  });

  test('unfolds the panel that the user goes to', () => {
    const text = shown(size, { panel: 'pairs' });
    expect(text).toMatch(/━▶ operation pairs ━/);
    expect(text).toMatch(/b mprotect_mte +░\+▒ ▓ ▓ ▓/);
  });

  test('lists newest crashes first and keeps the chosen one in sight', () => {
    const many = snapshot({ findings: Array.from({ length: 30 }, (_, i) => finding(i)) });
    expect(shown(size, {}, many)).toMatch(/▶ +36x.*#29 .*\n +35x.*#28/);
    expect(shown(size, { crash: finding(3).folder }, many)).toMatch(/#4 .*\n▶ +10x.*#3 .*\n.*#2/);
  });

  test('says what a filter leaves out', () => {
    const text = shown(size, { filter: 'guest-memfd' });
    expect(text).toMatch(/only guest-memfd/);
    expect(text).toMatch(/none yet in guest-memfd \(t shows all\)/);
  });

  test('tells when to stop, and when it is too early to tell', () => {
    const hint = (seconds: number, ratio: number): string => {
      const { status } = snapshot();
      const stop = { quiet: 1, before: 1, quietSeconds: 7200, ratio };
      const counters = { ...status.counters, runSeconds: seconds };
      return (
        /stop\? +(.*?) *\n/.exec(shown(size, {}, snapshot({ stop, status: { ...status, counters } })))?.[1] ??
        ''
      );
    };
    expect(hint(30, 5)).toBe('too early to tell');
    expect(hint(9000, 0.01)).toBe('no: new features come');
    expect(hint(9000, 0.3)).toBe('quiet for 2 h 00 min');
    expect(hint(9000, 1.5)).toBe('quiet 2 h 00 min: may stop');
  });
});

test('120x40 shows the heat map beside the rest', () => {
  const text = shown({ columns: 100, rows: 40 });
  expect(text).toMatch(/e migrate +▒ ▓ █ █ █/);
  expect(text).toMatch(/row before column: · never/);
});

test('200x60 stands in three columns and shows the diagram of the chosen crash', () => {
  const report: Texts = { of: () => ({ state: 'ready', lines: ['BUG: tag-loss', '', 'CPU0    CPU1'] }) };
  const view = viewOf(snapshot(), initialUi, report, false, true);
  const rows = frame(view, { columns: 200, rows: 60 }).map(textOf);
  expect(rows[1]).toMatch(/process timing .* overall results .* speed/);
  expect(rows.join('\n')).toMatch(/chosen crash[^\n]*log[^\n]*\nBUG: tag-loss/);
});

test('20x5 keeps the newest crash in sight', () => {
  expect(shown({ columns: 20, rows: 5 })).toMatch(/crashes by signa(.|\n)*▶ +8x/);
});

describe('a theme', () => {
  const rows: Row[] = [
    [
      { text: 'bad', style: 'bad' },
      { text: ' ▁█…✓░', style: 'plain' },
    ],
  ];

  test('without colours sends no colour', () => {
    const painted = rows.map(row => paint(row, { colors: false, unicode: true })).join('');
    expect(painted).not.toMatch(/\[3[0-9]m/);
    expect(plain(painted)).toBe('bad ▁█…✓░');
  });

  test('without UTF-8 sends ASCII, cell for cell', () => {
    const painted = plain(rows.map(row => paint(row, { colors: true, unicode: false })).join(''));
    expect(painted).toMatch(/^bad [\x20-\x7e]{5}$/);
  });
});
