import { Recent } from './recent.ts';
import type { StrategyView, Yield } from './snapshot.ts';

type Kind = StrategyView['kind'];

const FIGURES = ['schedules', 'newFeatures', 'entries', 'findings'] as const;

interface Row {
  readonly kind: Kind;
  readonly name: string;
  readonly total: Record<(typeof FIGURES)[number], number>;
}

/** What of the yields is saved. */
export type SavedYields = readonly Row[];

/** Adds up what each strategy and each way of making programs has brought, since the campaign began and lately. */
export class Yields {
  readonly #rows = new Map<string, Row>();
  readonly #recent = new Recent();

  add(kind: Kind, name: string, change: Partial<Yield>): void {
    const { total } = this.#row(kind, name);
    for (const figure of FIGURES) total[figure] += change[figure] ?? 0;
  }

  sample(at: number): void {
    this.#recent.sample(at, this.#totals());
  }

  views(): readonly StrategyView[] {
    const gains = this.#recent.gains(this.#totals());
    const views = [...this.#rows.values()].map(({ kind, name, total }, i): StrategyView => {
      const [schedules = 0, newFeatures = 0, entries = 0, findings = 0] = gains.slice(FIGURES.length * i);
      return { name, kind, total: { ...total }, lastMinute: { schedules, newFeatures, entries, findings } };
    });
    return views.sort((a, b) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name));
  }

  save(): SavedYields {
    return [...this.#rows.values()].map(({ kind, name, total }) => ({ kind, name, total: { ...total } }));
  }

  /** Goes on from what was saved; rows that cannot be read are left out. */
  restore(saved: unknown): void {
    if (!Array.isArray(saved)) return;
    for (const row of saved) {
      if (!isRow(row)) continue;
      this.add(row.kind, row.name, row.total);
    }
  }

  #row(kind: Kind, name: string): Row {
    const key = `${kind} ${name}`;
    let row = this.#rows.get(key);
    if (row === undefined) {
      row = { kind, name, total: { schedules: 0, newFeatures: 0, entries: 0, findings: 0 } };
      this.#rows.set(key, row);
    }
    return row;
  }

  #totals(): readonly number[] {
    return [...this.#rows.values()].flatMap(({ total }) => FIGURES.map(figure => total[figure]));
  }
}

function isRow(value: unknown): value is Row {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, name, total } = value as Partial<Record<keyof Row, unknown>>;
  if ((kind !== 'schedule' && kind !== 'program') || typeof name !== 'string') return false;
  if (typeof total !== 'object' || total === null) return false;
  const figures = new Map<string, unknown>(Object.entries(total));
  return FIGURES.every(figure => Number.isFinite(figures.get(figure)));
}
