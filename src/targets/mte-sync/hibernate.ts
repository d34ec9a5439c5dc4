import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { Gfp } from '../../engine/gfp.ts';
import { PG } from '../kernel/page-flags.ts';
import { mteRestorePageTags, mteSavePageTags } from '../kernel/page-tags.ts';
import type { Operation } from '../target.ts';
import { flagsAsked } from './coredump.ts';
import { filePage, type Page, type State } from './state.ts';

// Hibernation (arch/arm64/kernel/hibernate.c, section 3.12).

/** What tag memory comes up with: tag 9 of nobody. */
const GARBAGE = (2 << 4) | 9;

/** An operation of a task, which begins only while tasks are not frozen. */
export function freezable(
  cpu: Cpu,
  s: State,
  run: Operation['run'],
  args: readonly number[],
): Kernel<unknown> {
  return cpu.machine.peek(s.power.freezing) === 0 ? run(cpu, args) : thawed(cpu, s, run, args);
}

function* thawed(cpu: Cpu, s: State, run: Operation['run'], args: readonly number[]): Kernel<unknown> {
  yield cpu.waitEvent(s.power.freezing, 1, 0);
  return yield* run(cpu, args);
}

/**
 * Whether no other task is inside the kernel, which the freezer waits for in ways that are not modelled: none, or one that is
 * frozen or about to ask for a freeze itself.
 */
function allFrozen(cpu: Cpu, s: State): boolean {
  return cpu.machine.cpus.every(
    other => other === cpu || other.depth < 0 || other.address === s.power.freezing,
  );
}

/** A whole hibernation: freeze, swsusp_arch_suspend(), power off, resume, thaw. Gives up if a task does not freeze. */
export function* hibernate(cpu: Cpu, s: State): Kernel {
  const { freezing } = s.power;
  if ((yield cpu.xchg(freezing, 1)) === 1) return;
  const frozen = allFrozen(cpu, s);
  // The other CPUs go offline: nothing of theirs is delayed any more.
  if (frozen) yield cpu.flushTlbIpi(s.stage2Tlb[0]);
  if (frozen && (yield* saveTags(cpu, s))) {
    yield* loseTags(cpu, s);
    yield* restoreTags(cpu, s);
  }
  yield cpu.xchg(freezing, 0);
}

/** swsusp_mte_save_tags(): false if memory ran out; what was saved is freed then. */
function* saveTags(cpu: Cpu, s: State): Kernel<boolean> {
  for (const page of s.pages) {
    if (cpu.machine.peek(page.content) === 0 && page !== s.areas.zeroPage) continue;
    const tagged =
      s.d.protocol === 'always-zero' || (yield cpu.testBit(PG.mte_tagged, flagsAsked(s, page))) === 1;
    if (!tagged) continue;
    const buffer = yield cpu.kmalloc(s.hibernateBuffers, Gfp.Kernel);
    if (buffer === 0) {
      yield* dropSavedTags(cpu, s);
      return false;
    }
    yield* mteSavePageTags(cpu, s, page, buffer);
    yield cpu.writeOnce(s.power.tags_by_pfn[page.index], buffer);
  }
  return true;
}

function* dropSavedTags(cpu: Cpu, s: State): Kernel {
  for (const word of s.power.tags_by_pfn) {
    const buffer = yield cpu.readOnce(word);
    if (buffer === 0) continue;
    yield cpu.writeOnce(word, 0);
    yield cpu.kfree(buffer);
  }
}

/** Data and flags come back with the image, tags do not. Those of the zero page are cleared again by the booted kernel. */
function* loseTags(cpu: Cpu, s: State): Kernel {
  for (const page of s.pages) {
    if (!inUse(cpu, s, page)) continue;
    s.shadow.poweredOff(page);
    for (const tag of page.tags) yield cpu.writeOnce(tag, GARBAGE);
  }
}

function inUse(cpu: Cpu, s: State, page: Page): boolean {
  return cpu.machine.peek(page.content) !== 0 && page !== filePage(s);
}

/** swsusp_mte_restore_tags() */
function* restoreTags(cpu: Cpu, s: State): Kernel {
  for (const page of s.pages) {
    const buffer = yield cpu.readOnce(s.power.tags_by_pfn[page.index]);
    if (buffer === 0) continue;
    yield* mteRestorePageTags(cpu, s, page, buffer);
    yield cpu.writeOnce(s.power.tags_by_pfn[page.index], 0);
    yield cpu.kfree(buffer);
  }
}
