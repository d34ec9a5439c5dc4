/** Where an entry of the queue or a finding came from; stands in its file name, as in AFL. */
export interface Provenance {
  readonly id: number;
  /** Short hash of a finding's signature. */
  readonly sig?: string;
  /** Ids of the entries it was made from. */
  readonly src?: readonly number[];
  /** Name of the file it was read from (`--input`). */
  readonly orig?: string;
  /** The instance that it was taken from; `src` is its id there. */
  readonly sync?: string;
  /** How it was made: `fresh-pct`, `splice-walk`. */
  readonly op?: string;
  /** Milliseconds of the campaign; left out where results must not depend on time. */
  readonly time?: number;
  /** Executions of the campaign. */
  readonly execs?: number;
  /** What it is, for people: `tag-loss`, `mte-sync-v5.19`. */
  readonly notes?: readonly string[];
  /** It showed something that nothing before had shown. */
  readonly coverage?: boolean;
}

/** `id:000123,src:000045+000007,op:splice-walk,time:1234,execs:5678,+cov` */
export function provenanceName(p: Provenance): string {
  const parts = [`id:${number(p.id)}`];
  if (p.sig !== undefined) parts.push(`sig:${p.sig}`);
  if (p.sync !== undefined) parts.push(`sync:${plain(p.sync)}`);
  if (p.src !== undefined && p.src.length > 0) parts.push(`src:${p.src.map(number).join('+')}`);
  if (p.op !== undefined) parts.push(`op:${plain(p.op)}`);
  if (p.time !== undefined) parts.push(`time:${Math.round(p.time)}`);
  if (p.execs !== undefined) parts.push(`execs:${p.execs}`);
  if (p.orig !== undefined) parts.push(`orig:${plain(p.orig)}`);
  for (const note of p.notes ?? []) parts.push(plain(note));
  if (p.coverage === true) parts.push('+cov');
  return parts.join(',');
}

/** The id that a name begins with; null if it is none of ours. */
export function idOf(name: string): number | null {
  const found = /^id:(\d{6,})(?:,|\.|$)/.exec(name);
  return found === null ? null : Number(found[1]);
}

/** A field of a name: `fieldOf(name, 'execs')`; null if it has none. */
export function fieldOf(name: string, field: string): string | null {
  const found = name
    .replace(/\.json$/, '')
    .split(',')
    .find(part => part.startsWith(`${field}:`));
  return found === undefined ? null : found.slice(field.length + 1);
}

function number(id: number): string {
  return String(id).padStart(6, '0');
}

/** Longest part of a name that is taken over: file names end at 255 bytes. */
const LONGEST = 60;

function plain(text: string): string {
  return text.replace(/[^\w.+-]+/g, '-').slice(0, LONGEST);
}
