import { Choice } from '../access.ts';
import type { CpuState } from '../cpu/state.ts';
import { Gfp } from '../gfp.ts';
import { Note } from '../memory/memory.ts';
import { reportDoubleFree } from './reports.ts';
import type { MachineState } from './state.ts';

/** kmalloc and kfree as accesses: what a free must not race with, and allocations that fail. */

/** The address of a new object, or 0. */
export function allocate(m: MachineState, cpu: CpuState): number {
  const cache = m.layout.caches[cpu.a];
  const nofail = (cpu.b & Gfp.Nofail) !== 0;
  const fails = !nofail && m.source.choose(Choice.Fail, 2) === 1;
  const object = fails ? 0 : m.slab.allocate(cache, cpu.site);
  if (object === 0) {
    if (nofail) m.misuse(cpu, `${cache.name} has no object left for an allocation that may not fail`);
    m.note |= Note.Failed;
  }
  return object;
}

export function free(m: MachineState, cpu: CpuState): void {
  const { address } = cpu;
  if (address === 0) return;
  if (!m.slab.isLive(address)) {
    reportDoubleFree(m, cpu);
    return;
  }
  const end = m.slab.endOf(address);
  for (const other of m.cpus) {
    if (other !== cpu && m.memory.delaysInto(other.id, address, end)) {
      const name = m.layout.objectName(address);
      const message = `${name} is freed while CPU${other.id} still delays a store to it`;
      m.report('use-after-free', message, cpu.id, address, [cpu.site]);
    }
    for (let i = 0; i < other.heldCount; i++) {
      const lock = other.held[i];
      if (lock.address < address || lock.address >= end) continue;
      const name = m.layout.objectName(address);
      const message = `${name} is freed while CPU${other.id} holds ${m.layout.nameOf(lock.address)}`;
      m.report('lock-order', message, cpu.id, address, [cpu.site, lock.site]);
    }
  }
  checkRaces(m, cpu, end);
  m.memory.retire(cpu.id, address, end);
  if (m.race !== null) m.race.forget(address, end);
  m.slab.free(address, cpu.site);
}

/** As the slab does for KCSAN: an access that is not ordered before the free races with it. */
function checkRaces(m: MachineState, cpu: CpuState, end: number): void {
  if (m.race === null) return;
  for (let a = cpu.address; a < end; a++) {
    const found = m.race.check(cpu.id, a, true, true, cpu.site);
    if (found === null) continue;
    const name = m.layout.objectName(cpu.address);
    const message = `free of ${name} races with a ${found.otherWrote ? 'write' : 'read'} of ${m.layout.nameOf(a)} on CPU ${found.otherCpu}`;
    m.report('data-race', message, cpu.id, a, [cpu.site, found.otherSite]);
  }
}
