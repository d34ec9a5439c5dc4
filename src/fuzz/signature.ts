import { siteAt } from '../engine/sites.ts';
import type { Violation } from '../engine/violation.ts';

/** Oracles for which it is chance which of the sites comes last. */
const symmetric: ReadonlySet<string> = new Set([
  'data-race',
  'deadlock',
  'livelock',
  'lock-order',
  'irq-lock-state',
]);

/**
 * What makes two violations the same finding: the oracle, the sites in conflict and the kind of object, e.g.
 * `tag-loss | mte_clear_page_tags:store tags | guest_store_tag:store tags | pages.tags`. It holds no numbers of
 * CPUs, pages or lines, so it is the same for every seed and after unrelated edits of the model.
 */
export function signatureOf(violation: Violation): string {
  const names = violation.sites.map(siteName);
  const first = symmetric.has(violation.oracle) ? [] : names.slice(0, 1);
  const others = [...new Set(names.slice(first.length))].sort();
  const sites = [...first, ...others].filter(name => name !== '');
  return [violation.oracle, ...sites, violation.object].filter(part => part !== '').join(' | ');
}

/** Function and access of a site, without the file; empty for an unknown one. */
export function siteName(id: number): string {
  const site = siteAt(id);
  return site.func === '' ? '' : site.key.slice(site.file.length + 1);
}

/** FNV-1a as 8 hex digits: the part of a folder's name that tells findings of one oracle apart. */
export function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
