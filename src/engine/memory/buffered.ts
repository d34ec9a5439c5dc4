import { Fence } from '../access.ts';
import type { Layout } from '../layout.ts';
import { Memory, type MemoryHost, Note } from './memory.ts';

/** Stores that a CPU may have delayed at once; the oldest is committed when one more is delayed. */
export const DEPTH = 16;

/**
 * A memory whose CPUs have a buffer of delayed stores each: the stores of CPU c lie from slot c * DEPTH on, oldest
 * first. In which order they are committed is up to the model.
 */
export abstract class BufferedMemory extends Memory {
  /** Delayed stores per CPU. */
  protected readonly count: Int32Array;
  protected readonly addresses: Int32Array;
  protected readonly values: Int32Array;
  protected readonly storeSites: Int32Array;
  /** What the store hands to the data-race clocks of who reads it. */
  protected readonly snapshots: Int32Array;
  /** Translation (plus one) that the store was done through; 0 if none. */
  protected readonly translations: Int32Array;
  /** Earliest begun RCU section that had ended while the store was delayed; 0 if none. */
  protected readonly sections: Int32Array;

  constructor(layout: Layout, cpus: number, host: MemoryHost) {
    super(layout, cpus, host);
    this.count = new Int32Array(cpus);
    this.addresses = new Int32Array(cpus * DEPTH);
    this.values = new Int32Array(cpus * DEPTH);
    this.storeSites = new Int32Array(cpus * DEPTH);
    this.snapshots = new Int32Array(cpus * DEPTH);
    this.translations = new Int32Array(cpus * DEPTH);
    this.sections = new Int32Array(cpus * DEPTH);
  }

  /** Slot of the youngest delayed store of a CPU to a word, or -1. */
  protected youngest(cpu: number, address: number): number {
    const base = cpu * DEPTH;
    for (let i = base + this.count[cpu] - 1; i >= base; i--) if (this.addresses[i] === address) return i;
    return -1;
  }

  /** Puts a store behind the others that its CPU delays; returns its slot. */
  protected append(cpu: number, address: number, value: number, site: number, snapshot: number): number {
    const i = cpu * DEPTH + this.count[cpu]++;
    this.addresses[i] = address;
    this.values[i] = value;
    this.storeSites[i] = site;
    this.snapshots[i] = snapshot;
    this.translations[i] = 0;
    this.sections[i] = 0;
    return i;
  }

  /** Takes the store in a slot out of the buffer of its CPU. */
  protected take(cpu: number, i: number): void {
    const last = cpu * DEPTH + --this.count[cpu];
    for (let j = i; j < last; j++) {
      this.addresses[j] = this.addresses[j + 1];
      this.values[j] = this.values[j + 1];
      this.storeSites[j] = this.storeSites[j + 1];
      this.snapshots[j] = this.snapshots[j + 1];
      this.translations[j] = this.translations[j + 1];
      this.sections[j] = this.sections[j + 1];
    }
  }

  override delayedBy(cpu: number): number {
    return this.count[cpu];
  }

  override delayed(cpu: number): readonly (readonly [number, number])[] {
    return Array.from({ length: this.count[cpu] }, (_, i) => {
      return [this.addresses[cpu * DEPTH + i], this.values[cpu * DEPTH + i]] as const;
    });
  }

  override markTranslation(cpu: number, translation: number): void {
    if ((this.host.note & Note.Delayed) === 0) return;
    this.translations[cpu * DEPTH + this.count[cpu] - 1] = translation + 1;
  }

  override translationBusy(translation: number): boolean {
    if (this.commits === 0) return false;
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      const base = cpu * DEPTH;
      for (let i = base; i < base + this.count[cpu]; i++)
        if (this.translations[i] === translation + 1) return true;
    }
    return false;
  }

  // A store may not stay delayed beyond the end of a grace period that waits for the section it was made in.
  override rcuReadUnlock(cpu: number, section: number): void {
    const base = cpu * DEPTH;
    for (let i = base; i < base + this.count[cpu]; i++) {
      if (this.sections[i] === 0 || this.sections[i] > section) this.sections[i] = section;
    }
  }

  override graceBlocked(section: number): boolean {
    if (this.commits === 0) return false;
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      const base = cpu * DEPTH;
      for (let i = base; i < base + this.count[cpu]; i++) {
        if (this.sections[i] !== 0 && this.sections[i] < section) return true;
      }
    }
    return false;
  }

  // call_rcu() queues with interrupts off, which is a section.
  override callRcu(cpu: number, call: number): void {
    this.rcuReadUnlock(cpu, call);
  }

  override delaysBefore(cpu: number, call: number): boolean {
    const base = cpu * DEPTH;
    for (let i = base; i < base + this.count[cpu]; i++) {
      if (this.sections[i] !== 0 && this.sections[i] <= call) return true;
    }
    return false;
  }

  override gracePeriodStart(cpu: number): void {
    this.fence(cpu, Fence.Mb);
  }

  override gracePeriodEnd(cpu: number): void {
    this.fence(cpu, Fence.Mb);
  }
}
