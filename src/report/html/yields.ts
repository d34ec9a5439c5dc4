import type { CoverageView, StrategyView } from '../../fuzz/statistics/snapshot.ts';
import { number } from '../certainty.ts';
import { html, type Markup } from '../markup.ts';
import { table } from './blocks.ts';
import type { Instance } from './campaign.ts';

/** What each strategy, and each way of making programs, has brought; instances added up. */
export function strategies(instances: readonly Instance[]): Markup {
  const all = new Map<string, StrategyView>();
  for (const view of instances.flatMap(one => one.snapshot?.strategies ?? [])) {
    const key = `${view.kind} ${view.name}`;
    const known = all.get(key)?.total;
    const { schedules, newFeatures, entries, findings } = view.total;
    const total = {
      schedules: schedules + (known?.schedules ?? 0),
      newFeatures: newFeatures + (known?.newFeatures ?? 0),
      entries: entries + (known?.entries ?? 0),
      findings: findings + (known?.findings ?? 0),
    };
    all.set(key, { ...view, total });
  }
  if (all.size === 0) return html`<p class="faint">No snapshot, so nothing is known of it.</p>`;
  const views = [...all.values()];
  return html`${yieldTable(
    'How schedules were chosen',
    views.filter(one => one.kind === 'schedule'),
  )}
<p></p>
${yieldTable(
  'How programs were made',
  views.filter(one => one.kind === 'program'),
)}`;
}

function yieldTable(caption: string, views: readonly StrategyView[]): Markup {
  const rate = ({ total }: StrategyView): number =>
    total.schedules === 0 ? 0 : (1000 * total.newFeatures) / total.schedules;
  const most = Math.max(1, ...views.map(rate));
  const rows = [...views]
    .sort((a, b) => rate(b) - rate(a))
    .map(view => [
      view.name,
      number(view.total.schedules),
      number(view.total.newFeatures),
      rate(view).toFixed(1),
      html`<meter min="0" max="${most.toFixed(3)}" value="${rate(view).toFixed(3)}">${rate(view).toFixed(1)}</meter>`,
      number(view.total.entries),
      number(view.total.findings),
    ]);
  const columns = ['name', 'executions', 'new features', 'per 1,000', '', 'queue entries', 'findings'];
  return table(
    caption,
    columns.map((title, i) => ({ title, number: i > 0 && i !== 4 })),
    rows,
  );
}

/** Coverage by class, of each instance. */
export function coverage(instances: readonly Instance[]): Markup {
  const known = instances.filter(one => (one.snapshot?.coverage.length ?? 0) > 0);
  if (known.length === 0) return html`<p class="faint">No snapshot, so nothing is known of it.</p>`;
  return html`${known.map(({ name, snapshot }) =>
    table(
      known.length > 1 ? `Coverage of ${name}` : 'Coverage by class of feature',
      ['class', 'covered', 'of', 'new per 1,000 executions lately', 'expected in one more', 'what it is'].map(
        (title, i) => ({ title, number: i > 0 && i < 5 }),
      ),
      (snapshot?.coverage ?? []).map(coverageRow),
    ),
  )}
<p class="faint">“Expected in one more” is the Good-Turing estimate: new features of the class in one more execution.</p>`;
}

function coverageRow({
  name,
  covered,
  known,
  perThousand,
  unseen,
  meaning,
}: CoverageView): readonly string[] {
  return [
    name,
    number(covered),
    known === null ? '' : number(known),
    perThousand.toFixed(1),
    unseen === null ? '' : unseen.toFixed(4),
    meaning,
  ];
}
