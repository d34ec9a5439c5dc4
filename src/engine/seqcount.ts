import type { Kernel } from './access.ts';
import type { Cpu } from './cpu.ts';

/**
 * seqcount_t (include/linux/seqlock.h): readers take no lock, and look again if a writer was there meanwhile. Data
 * inside must be accessed by marked accesses or `dataRace`, and a reader must tolerate what it sees before it retries.
 * `yield*` these. The sequence is an ordinary word of the layout.
 */

/** Waits until no writer is inside; returns the sequence for `readSeqcountRetry`. */
export function* readSeqcountBegin(cpu: Cpu, sequence: number): Kernel<number> {
  return yield cpu.smpCondLoadAcquire(sequence, 1, 0);
}

/** Whether a writer came since `readSeqcountBegin`: what was read meanwhile must be thrown away. */
export function* readSeqcountRetry(cpu: Cpu, sequence: number, start: number): Kernel<boolean> {
  yield cpu.smpRmb();
  return (yield cpu.readOnce(sequence)) !== start;
}

/** Writers keep each other out by a lock of their own, and may not be preempted: readers would spin all the while. */
export function* writeSeqcountBegin(cpu: Cpu, sequence: number): Kernel {
  cpu.warnOn(!cpu.inAtomic() && !cpu.irqsOff, 'seqcount write section entered while preemptible', sequence);
  const value = yield cpu.readOnce(sequence);
  yield cpu.writeOnce(sequence, value + 1);
  yield cpu.smpWmb();
}

export function* writeSeqcountEnd(cpu: Cpu, sequence: number): Kernel {
  yield cpu.smpWmb();
  const value = yield cpu.readOnce(sequence);
  yield cpu.writeOnce(sequence, value + 1);
}
