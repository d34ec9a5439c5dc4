import type { MachineView } from '../decisions.ts';
import { popcount } from '../machine/bits.ts';

/** The answer to `choose(Choice.Actor, n)` that lets a CPU run; it must be enabled. */
export function answerFor(machine: MachineView, cpu: number): number {
  const n = machine.cpus.length;
  const { current, enabled } = machine;
  const rotated = (enabled >>> current) | (enabled << (n - current));
  const place = cpu >= current ? cpu - current : cpu - current + n;
  return popcount(rotated & ((1 << place) - 1));
}

/** The CPUs that can run are the first answers; then come commits, then interrupts. */
export function cpusOffered(machine: MachineView): number {
  return popcount(machine.enabled);
}
