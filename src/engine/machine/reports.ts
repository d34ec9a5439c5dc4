import { Kind } from '../access.ts';
import type { CpuState } from '../cpu/state.ts';
import type { RaceFound } from '../race.ts';
import { type WaitingCallback, waitingText } from './queued-callback.ts';
import type { MachineState } from './state.ts';

/** The texts of what the engine itself judges, in the terms of the kernel reports that people know. */

export function reportSleepingInAtomic(m: MachineState, cpu: CpuState, what: string): void {
  const held = cpu.held.slice(0, cpu.heldCount).map(lock => m.layout.nameOf(lock.address));
  m.violateNow(
    'sleeping-in-atomic',
    `${what} called from invalid context`,
    cpu,
    0,
    cpu.heldCount > 0 ? [cpu.held[0].site] : [],
    [
      `in_atomic(): ${cpu.inAtomic() ? 1 : 0}, irqs_disabled(): ${cpu.irqsOff || cpu.hardirqDepth > 0 ? 1 : 0}, preempt_count: ${preemptCount(cpu)}, RCU nest depth: ${cpu.rcuDepth}`,
      `locks held: ${held.length > 0 ? held.join(', ') : 'none'}`,
    ],
  );
}

/** `preempt_count` as kernel reports print it. */
function preemptCount(cpu: CpuState): string {
  const serving = cpu.inSoftirq ? 1 : 0;
  const softirq = 0x100 * serving + 0x200 * (cpu.softirqDepth - serving);
  return (cpu.preemptDepth + softirq + 0x10000 * cpu.hardirqDepth).toString(16);
}

export function reportRace(m: MachineState, cpu: CpuState, write: boolean, found: RaceFound): void {
  const name = m.layout.nameOf(cpu.address);
  const message = `${write ? 'write' : 'read'} of ${name} races with a ${found.otherWrote ? 'write' : 'read'} on CPU ${found.otherCpu}`;
  m.report('data-race', message, cpu.id, cpu.address, [cpu.site, found.otherSite]);
}

export function reportUseAfterFree(m: MachineState, cpu: CpuState): void {
  const name = m.layout.nameOf(cpu.address);
  const freed = m.slab.freedAt(cpu.address);
  const what = m.slab.wasFreed(cpu.address) ? 'was freed' : 'was never allocated';
  const message = `access to ${name}, whose object ${what}`;
  m.report('use-after-free', message, cpu.id, cpu.address, [cpu.site, freed]);
}

export function reportDoubleFree(m: MachineState, cpu: CpuState): void {
  const freed = m.slab.freedAt(cpu.address);
  const message = `${m.layout.objectName(cpu.address)} is freed but not live`;
  m.report('double-free', message, cpu.id, cpu.address, [cpu.site, freed]);
}

export function reportLeaks(m: MachineState): void {
  for (const [base, site] of m.slab.leaks()) {
    m.report('leak', `${m.layout.objectName(base)} is live but nothing refers to it`, -1, base, [site]);
    return;
  }
}

export function reportDeadlock(m: MachineState, callbacks: readonly WaitingCallback[]): void {
  const details: string[] = [];
  const sites: number[] = [];
  let address = 0;
  for (const cpu of running(m)) {
    sites.push(cpu.site);
    address ||= cpu.address;
    details.push(`CPU${cpu.id} in ${m.operationName(cpu)} waits for ${waitsFor(m, cpu)}`);
  }
  details.push(...callbacks.map(waitingText));
  m.report('deadlock', 'nobody can run and no store is delayed', -1, address, sites, details);
}

export function reportLivelock(m: MachineState, bound: number): void {
  const details = running(m).map(
    cpu =>
      `CPU${cpu.id} in ${m.operationName(cpu)} at ${cpu.address === 0 ? 'cpu_relax' : m.layout.nameOf(cpu.address)}`,
  );
  const sites = running(m).map(cpu => cpu.site);
  m.report('livelock', `no operation completed in ${bound} accesses`, -1, 0, sites, details);
}

function running(m: MachineState): readonly CpuState[] {
  return m.cpus.filter(cpu => ((m.done >>> cpu.id) & 1) === 0);
}

/** What the pending access of a CPU that cannot run waits for, in words. */
export function waitsFor(m: MachineState, cpu: CpuState): string {
  const name = m.layout.nameOf(cpu.address);
  switch (cpu.kind) {
    case Kind.Lock:
    case Kind.ReadLock: {
      const owner = m.words[cpu.address];
      return owner > 0 ? `${name}, held by CPU${owner - 1}` : `${name}, held by readers`;
    }
    case Kind.BitLock: {
      const holder = m.cpus.find(other =>
        other.held.slice(0, other.heldCount).some(h => h.address === cpu.address && h.bit === cpu.a),
      );
      const bit = m.layout.flagsOf(cpu.address)[cpu.a] ?? `bit ${cpu.a}`;
      return `${bit} in ${name}${holder === undefined ? '' : `, held by CPU${holder.id}`}`;
    }
    case Kind.Wait:
      return `${name} to become ${m.layout.show(cpu.address, cpu.b)} (it is ${m.layout.show(cpu.address, m.words[cpu.address])})`;
    case Kind.FlushTlb:
      return `CPUs to answer the TLB flush of ${m.layout.tlbNames[cpu.a]}`;
    case Kind.SyncRcuEnd:
      return cpu.b === 0 ? 'a grace period' : 'the RCU callbacks queued before its rcu_barrier';
    default:
      return 'a grace period';
  }
}
