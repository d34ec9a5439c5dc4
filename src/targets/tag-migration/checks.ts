import type { CpuHost } from '../../engine/cpu/host.ts';
import type { Cpu } from '../../engine/cpu.ts';
import type { Machine } from '../../engine/machine.ts';
import { CONTENT, DATA } from '../../oracles/migration-shadow.ts';
import { PG } from '../kernel/page-flags.ts';
import { pteNumber, ptePresent } from '../kernel/pte.ts';
import type { Host, Page, State } from './state.ts';

/** The page that backs a gfn now. */
function backing(machine: CpuHost, h: Host, gfn: number): Page | null {
  const pte = machine.peek(h.mm.pte[gfn]);
  if (ptePresent(pte)) return h.pages[pteNumber(pte)];
  const cached = machine.peek(h.mm.i_pages[gfn]);
  return cached === 0 ? null : h.pages[cached - 1];
}

function isTagged(machine: CpuHost, page: Page): boolean {
  return ((machine.peek(page.flags) >>> PG.mte_tagged) & 1) === 1;
}

/** Guest memory as it would be read now: pages that are not there, and tags that nobody initialised, read as 0. */
function contentOf(machine: CpuHost, s: State, h: Host): readonly number[] {
  return Array.from({ length: s.gfns * CONTENT }, (_, k) => {
    const page = backing(machine, h, Math.floor(k / CONTENT));
    const i = k % CONTENT;
    if (page === null) return 0;
    if (i < DATA) return machine.peek(page.data[i]);
    return isTagged(machine, page) ? machine.peek(page.tags[i - DATA]) : 0;
  });
}

/** Who stored what the source has. */
function writersOf(machine: CpuHost, s: State): readonly number[] {
  return Array.from({ length: s.gfns * CONTENT }, (_, k) => {
    const page = backing(machine, s.source, Math.floor(k / CONTENT));
    const i = k % CONTENT;
    return page === null ? 0 : machine.memory.lastSite[i < DATA ? page.data[i] : page.tags[i - DATA]];
  });
}

/** The destination has just started: with pre-copy it has everything. */
export function checkStart(cpu: Cpu, s: State): void {
  const { machine } = cpu;
  s.content.start(contentOf(machine, s, s.source), writersOf(machine, s));
  machine.ghostStore(s.compared, 1);
  if (s.d.postCopy === 'none') {
    s.content.compare(machine, cpu, 'when it starts', contentOf(machine, s, s.destination));
  }
}

/** Final checks, when all operations are done and all stores have reached memory. */
export function checkEnd(machine: Machine, s: State): void {
  s.mte.shadow.done(
    machine,
    page => s.source.pages.some(one => one.base === page.base && isTagged(machine, one)),
    () => false,
    [],
  );
  if (!s.content.started || machine.violation !== null) return;
  s.content.compare(machine, null, 'at the end', contentOf(machine, s, s.destination));
}
