import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Kernel } from '../../../src/engine/access.ts';
import type { Cpu } from '../../../src/engine/cpu.ts';
import { flags, Layout, lock, shown, word, words } from '../../../src/engine/layout.ts';
import type { MemoryName } from '../../../src/engine/memory/index.ts';
import type { Case } from '../../../src/fuzz/case/case.ts';
import { readCase } from '../../../src/fuzz/case/read.ts';
import { shippedCorpus } from '../../../src/fuzz/catalogue.ts';
import { Executor } from '../../../src/fuzz/executor.ts';
import type { Call } from '../../../src/fuzz/program.ts';
import { selectByName } from '../../../src/fuzz/selection.ts';
import { stepCase } from '../../../src/fuzz/steps/step-case.ts';
import type { Stepped } from '../../../src/fuzz/steps/steps.ts';
import { targets } from '../../../src/targets/index.ts';
import type { Model, Size, Target } from '../../../src/targets/target.ts';

const TAGGED = 0;
const LOCKED = 1;
/** A tag of the previous owner. */
const STALE = 7;
const pageParameter = {
  name: 'page',
  arbitrary: (size: Size) => fc.integer({ min: 0, max: size.pages - 1 }),
};
const countParameter = { name: 'count', arbitrary: () => fc.integer({ min: 0, max: 9 }) };

function build(_: unknown, size: Size): Model {
  const layout = new Layout();
  const pages = layout.array('pages', size.pages, {
    flags: flags(['PG_mte_tagged', 'PG_mte_lock']),
    tags: words(
      2,
      shown(word(STALE), tag => (tag === STALE ? "7 (previous owner's)" : String(tag))),
    ),
    refcount: word(1),
  });
  const mm = layout.struct('mm', { ptl: lock('Spinlock'), mmap_lock: lock('Rwsem'), pte: word(1) });
  const tlb = layout.tlb('mm page 0');

  function* setTags(cpu: Cpu, [page = 0]: readonly number[]): Kernel {
    const at = pages[page] ?? pages[0];
    if ((yield cpu.testAndSetBit(LOCKED, at.flags)) === 0) {
      yield cpu.writeOnce(at.tags[0] ?? 0, 0);
      yield cpu.setBit(TAGGED, at.flags);
    } else yield cpu.waitBitAcquire(TAGGED, at.flags);
    const tag = yield cpu.readOnce(at.tags[0] ?? 0);
    if (tag === STALE)
      cpu.machine.violateNow(
        'stale-tags',
        `tag ${tag} of ${layout.nameOf(at.tags[0] ?? 0)} is visible`,
        cpu,
        at.tags[0] ?? 0,
        [],
      );
  }
  function* unmap(cpu: Cpu): Kernel {
    yield cpu.spinLock(mm.ptl);
    yield cpu.writeOnce(mm.pte, 0);
    yield cpu.spinUnlock(mm.ptl);
    yield cpu.flushTlb(tlb);
  }
  function* touch(cpu: Cpu, [page = 0]: readonly number[]): Kernel {
    if ((yield cpu.walk(tlb, mm.pte)) === 0) return;
    yield cpu.readOnce((pages[page] ?? pages[0]).tags[0] ?? 0);
  }
  function* lookUp(cpu: Cpu): Kernel {
    yield cpu.rcuReadLock();
    yield cpu.readOnce(pages[0].refcount);
    yield cpu.rcuReadUnlock();
  }
  function* setCount(cpu: Cpu, [, count = 0]: readonly number[]): Kernel {
    yield cpu.writeOnce(pages[0].refcount, count);
  }
  function* drop(cpu: Cpu): Kernel {
    yield cpu.callRcu(function* dropPage(own) {
      yield own.writeOnce(pages[0].refcount, 0);
    });
  }
  function* tick(cpu: Cpu): Kernel {
    yield cpu.atomicInc(pages[0].refcount);
  }
  const simple = { summary: '', parameters: [] };
  return {
    layout,
    operations: [
      { name: 'set_tags', summary: '', parameters: [pageParameter], run: setTags },
      { name: 'touch', summary: '', parameters: [pageParameter], run: touch },
      { name: 'set_count', summary: '', parameters: [pageParameter, countParameter], run: setCount },
      { name: 'unmap', ...simple, run: unmap },
      { name: 'look_up', ...simple, run: lookUp },
      { name: 'drop', ...simple, run: drop },
      { name: 'tick', ...simple, interrupt: true, run: tick },
    ],
    attach() {},
  };
}

const crossing: Target = {
  name: 'crossing',
  summary: '',
  description: '',
  memory: 'arm64',
  size: { cpus: 2, pages: 1, mms: 1 },
  variants: [{ name: 'v1', summary: '', origin: '', settings: {} }],
  switches: [],
  oracles: [],
  build,
};

const call = (operation: string, ...args: number[]): Call => ({ operation, args });

/** A small protocol in which CPUs cross, run by a schedule: `set_tags 0` and such on each CPU. */
export function cross(
  cpus: readonly (readonly string[])[],
  schedule: string,
  options: {
    memory?: MemoryName;
    setup?: readonly string[];
    interrupts?: readonly (readonly string[])[];
    pages?: number;
  } = {},
): Stepped {
  const calls = (list: readonly string[]): readonly Call[] =>
    list.map(text => {
      const [name = '', ...args] = text.split(' ');
      return call(name, ...args.map(Number));
    });
  const one: Case = {
    target: 'crossing',
    variant: 'v1',
    switches: [],
    memory: options.memory ?? 'arm64',
    size: { cpus: cpus.length, pages: options.pages ?? 1, mms: 1 },
    program: {
      setup: calls(options.setup ?? []),
      cpus: cpus.map(calls),
      interrupts: (options.interrupts ?? []).map(calls),
    },
    schedule,
    expect: { verdict: 'clean' },
  };
  return stepCase(new Executor(selectByName(crossing, 'v1', []), one.memory, one.size), one, null);
}

/** A case of the shipped corpus. */
export function shippedCase(file: string): Case {
  const path = join(shippedCorpus, file);
  return readCase(readFileSync(path), path, targets);
}

/** A case of the shipped corpus, stepped. */
export function shipped(file: string): Stepped {
  const one = shippedCase(file);
  return stepCase(executorOf(one), one, null);
}

const executors = new Map<string, Executor>();

/** A machine for a case; cases of one design share it. */
export function executorOf(one: Case): Executor {
  const { target, variant, switches, memory, size } = one;
  const key = JSON.stringify([target, variant, switches, memory, size]);
  const known = executors.get(key);
  if (known !== undefined) return known;
  const found = targets.find(candidate => candidate.name === target);
  if (found === undefined) throw new Error(`no target ${target}`);
  const executor = new Executor(selectByName(found, variant, switches), memory, size);
  executors.set(key, executor);
  return executor;
}
