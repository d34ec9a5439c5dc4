import type { CampaignEvent } from '../events.ts';
import type { LogLine } from './snapshot.ts';

/** Lines that are kept. */
const KEPT = 50;

/** The last lines of a campaign's log. */
export class Log {
  readonly #lines: LogLine[] = [];

  /** Takes what of an event belongs into a log. */
  take(event: CampaignEvent): void {
    switch (event.type) {
      case 'note':
        this.#add(event.level, event.message);
        return;
      case 'finding':
        this.#add('finding', `${event.key} in ${event.design} (${event.memory})`);
        return;
      case 'report':
        this.#add('info', `${event.folder}: report and ${event.file} are there`);
        return;
      case 'selfcheck':
        if (event.ok) this.#add('info', event.lines[0] ?? 'the self-check passed');
        return;
      default:
    }
  }

  get lines(): readonly LogLine[] {
    return [...this.#lines];
  }

  /** Goes on from the lines of an earlier run. */
  restore(saved: unknown): void {
    if (Array.isArray(saved)) this.#lines.unshift(...saved.filter(isLine).slice(-KEPT));
  }

  #add(level: LogLine['level'], message: string): void {
    this.#lines.push({ time: Math.floor(Date.now() / 1000), level, message });
    if (this.#lines.length > KEPT) this.#lines.shift();
  }
}

function isLine(value: unknown): value is LogLine {
  if (typeof value !== 'object' || value === null) return false;
  const { time, level, message } = value as Partial<Record<keyof LogLine, unknown>>;
  return typeof time === 'number' && typeof level === 'string' && typeof message === 'string';
}
