import { Kind } from '../../engine/access.ts';
import type { Change, CpuContext, CpuMoment, ExecutionStep, Moment } from '../../fuzz/steps/steps.ts';
import type { AccessEvent, TraceEvent } from '../../fuzz/trace.ts';
import { accessMarks, accessText } from '../access-text.ts';
import { graceText, interruptText } from '../interrupt-text.ts';
import type { Spell } from '../location.ts';
import type { StepModel } from './step-model.ts';

/** What a step did, in kernel spelling: `READ_ONCE(page->flags) = 0 (stale, newest PG_locked)`. */
export function stepText(step: ExecutionStep, spell: Spell): string {
  if (step.actor === 'end') return 'all CPUs are done; final checks';
  for (const event of step.events) {
    if (event.type === 'access') return eventText(event, spell);
    if (event.type === 'commit')
      return event.visible.map(one => `... ${spell(one.location)} = ${one.value} becomes visible`).join('; ');
    if (event.type === 'interrupt' && event.begin) return interruptText(event);
    if (event.type === 'grace') return graceText(event);
  }
  return step.actor === 'irq' ? '<irq>' : '(no access)';
}

function eventText(event: AccessEvent, spell: Spell): string {
  const marks = accessMarks(event);
  return `${accessText(event, spell)}${marks === '' ? '' : ` ${marks}`}`;
}

/** Delayed stores that an access forced out of store buffers, and the operations that began and ended with it. */
export function sideEffects(step: ExecutionStep, spell: Spell): readonly string[] {
  return step.events.flatMap(event => effectsOf(event, step, spell));
}

function effectsOf(event: TraceEvent, step: ExecutionStep, spell: Spell): readonly string[] {
  switch (event.type) {
    case 'access':
      return [
        ...(isOvertaken(event)
          ? [
              `stores to ${spell(event.location)} made before it count as later: it keeps ${event.shown.newest}`,
            ]
          : []),
        ...event.visible
          .filter(one => one.address !== event.address || one.cpu !== event.cpu)
          .map(one => `CPU${one.cpu}'s delayed ${spell(one.location)} = ${one.value} becomes visible`),
      ];
    case 'operation':
      return [`${event.begin ? `begins ${event.text}` : `ends ${event.text.replace(/\(.*$/, '')}`}`];
    case 'interrupt':
      if (event.begin) return step.actor === 'irq' || step.actor === 'rcu' ? [] : [interruptText(event)];
      return [`${interruptText(event)} ${event.text}`];
    case 'grace':
    case 'commit':
      return [];
  }
}

/** Whether a store is in memory but went in front of others in the coherence order of its location (`lkmm`). */
function isOvertaken({ delayed, visible, address, cpu }: AccessEvent): boolean {
  return delayed && visible.some(one => one.address === address && one.cpu === cpu);
}

/** `page->flags: 0 -> PG_locked` */
export function changeText({ location, from, to, ghost }: Change, spell: Spell): string {
  return `${ghost ? location : spell(location)}: ${from} -> ${to}`;
}

/** `atomic: preempt 1, irqs off`, `may sleep`. */
export function contextText(context: CpuContext): string {
  const { preempt, softirq, hardirq, inSoftirq, rcu, irqsOff, maySleep } = context;
  if (maySleep) return 'may sleep';
  const parts = [
    ...(hardirq > 0 ? ['hardirq'] : []),
    ...(inSoftirq ? ['softirq'] : softirq > 0 ? ['bh off'] : []),
    ...(irqsOff ? ['irqs off'] : []),
    ...(preempt > 0 ? [`preempt ${preempt}`] : []),
    ...(rcu > 0 ? [`rcu ${rcu}`] : []),
  ];
  return `atomic: ${parts.join(', ')}`;
}

/** What a CPU does next: `READ_ONCE(page->flags)`, or why it does nothing. */
export function nextText(cpu: CpuMoment, spell: Spell): string {
  if (cpu.next !== null) return accessText(cpu.next, spell);
  return cpu.state === 'done' ? 'has run all its operations' : 'the execution has ended here';
}

/**
 * What is remarkable about the next access of a CPU: that it waits, which older values it could return, and stores of
 * other CPUs that it does not see yet.
 */
export function nextNote(moment: Moment, cpu: number, spell: Spell): string {
  const { state, waitsFor, mayRead, next } = moment.cpus[cpu] ?? noCpu;
  if (state === 'waits') return `waits for ${spellAll(waitsFor, spell)}`;
  const stale = mayRead.length === 0 ? [] : [`may be stale: ${mayRead.join(', ')}`];
  const address = next?.address ?? 0;
  const stores = moment.delayed.map(list => list.filter(one => one.address === address && address !== 0));
  const own = next !== null && loads.has(next.kind) ? stores[cpu]?.at(-1) : undefined;
  const unseen = stores.flatMap((list, other) =>
    other === cpu ? [] : list.map(one => `CPU${other}'s ${one.value} is not visible yet`),
  );
  return [...stale, ...(own === undefined ? [] : [`reads its own delayed ${own.value}`]), ...unseen].join(
    '; ',
  );
}

const loads: ReadonlySet<number> = new Set([Kind.Load, Kind.PlainLoad, Kind.Wait]);

/** A text with the locations in it spelled. */
export function spellAll(text: string, spell: Spell): string {
  return text.replace(/\w+\[\d+\]\.\w+(?:\[\d+\])?/g, location => spell(location));
}

const noCpu = { state: 'done', waitsFor: '', mayRead: [], next: null } as const;

/** The stores that a CPU delays, oldest first: `page->tags[0] = 0`. */
export function delayedTexts(moment: Moment, cpu: number, spell: Spell): readonly string[] {
  return (moment.delayed[cpu] ?? []).map(one => `${spell(one.location)} = ${one.value}`);
}

/** Locations of which a CPU could read older values: those that it still uses in this execution, and others. */
export function olderTexts(
  model: StepModel,
  position: number,
  cpu: number,
): { readonly used: readonly string[]; readonly others: readonly string[] } {
  const older = model.moment(position).older[cpu] ?? [];
  if (older.length === 0) return { used: [], others: [] };
  const used = model.usedBy(cpu, position);
  const texts = (wanted: boolean): readonly string[] =>
    older
      .filter(one => used.has(one.address) === wanted)
      .map(one => `${model.spell(one.location)}: ${one.older.join(', ')} (newest ${one.newest})`);
  return { used: texts(true), others: texts(false) };
}

/** RCU callbacks that are queued on a CPU: `drop_page waits for its grace period to start`. */
export function callbackTexts(moment: Moment, cpu: number, spell: Spell): readonly string[] {
  return (moment.callbacks[cpu] ?? []).map(text => spellAll(text, spell));
}

/** TLB entries of a CPU that the page table no longer holds: `mm0 page 0 = page 0 (page table: none)`. */
export function tlbTexts(moment: Moment, cpu: number): readonly string[] {
  return (moment.tlb[cpu] ?? []).map(one => `${one.name} = ${one.entry} (page table: ${one.memory})`);
}
