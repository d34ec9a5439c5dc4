import { Kind } from '../engine/access.ts';
import type { TraceEvent, TraceViolation } from '../fuzz/trace.ts';

/** How locations are spelled in one report: as the kernel would where that is unambiguous. */
export type Spell = (location: string) => string;

/** The spelling in which all locations of a report are told apart. */
export function spellingOf(events: readonly TraceEvent[], violation: TraceViolation | null): Spell {
  const locations = violation === null ? [] : [violation.location];
  for (const event of events) {
    if (event.type === 'access') {
      locations.push(event.location);
      if (event.kind === Kind.Alloc) locations.push(event.shown.result);
    }
    if (event.type === 'access' || event.type === 'commit')
      locations.push(...event.visible.map(one => one.location));
  }
  return spelling(locations);
}

/**
 * Of an array of which a report names one element only, the element becomes a pointer: `pages[0].flags` is
 * `page->flags`. With more of them the indices stay: `pages[1].flags`.
 */
export function spelling(locations: Iterable<string>): Spell {
  const elements = new Map<string, Set<string>>();
  for (const location of locations) {
    const found = /^(\w+)\[(\d+)\]/.exec(location);
    if (found === null) continue;
    const [, name = '', index = ''] = found;
    const known = elements.get(name) ?? new Set();
    elements.set(name, known.add(index));
  }
  return location =>
    location.replace(/^(\w+)\[\d+\](\.?)/, (whole, name: string, dot: string) =>
      elements.get(name)?.size === 1 ? `${singular(name)}${dot === '' ? '' : '->'}` : whole,
    );
}

/** `pages` -> `page`, `ptes` -> `pte`, `entries` -> `entry`; what is no plural stays. */
function singular(name: string): string {
  if (name.endsWith('ies')) return `${name.slice(0, -3)}y`;
  return name.endsWith('s') && !name.endsWith('ss') ? name.slice(0, -1) : name;
}
