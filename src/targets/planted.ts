import type { Kernel } from '../engine/access.ts';
import type { Cpu } from '../engine/cpu.ts';
import { flags, Layout, word, words } from '../engine/layout.ts';
import type { Model, Settings, Target } from './target.ts';

/** What the page's former owner left in its tags. */
const STALE = 7;
const TAGGED = 0;
const LOCK = 1;

/** Whoever maps a page first clears its tags; the others wait for the flag. */
function build(settings: Settings): Model {
  const layout = new Layout();
  const [page] = layout.array('page', 1, {
    flags: flags(['PG_mte_tagged', 'PG_mte_lock']),
    tags: words(2, word(STALE)),
    want: words(2, word(0)),
    inside: word(0),
  });

  function* clearTags(cpu: Cpu): Kernel {
    yield cpu.writeOnce(page.tags[0], 0);
    yield cpu.writeOnce(page.tags[1], 0);
  }

  function* mapPage(cpu: Cpu): Kernel {
    if (settings['flagFirst'] === true) {
      if ((yield cpu.testAndSetBit(TAGGED, page.flags)) === 0) yield* clearTags(cpu);
    } else if ((yield cpu.testAndSetBit(LOCK, page.flags)) === 0) {
      yield* clearTags(cpu);
      if (settings['barrier'] === true) yield cpu.smpWmb();
      yield cpu.setBit(TAGGED, page.flags);
    } else yield cpu.waitBitAcquire(TAGGED, page.flags);
    const tag = yield cpu.readOnce(page.tags[1]);
    if (tag === STALE) {
      cpu.machine.violateNow('stale-tags', 'the tags of the former owner are visible', cpu, page.tags[1], []);
    }
  }

  /** Dekker's handshake: each says that it comes, and looks whether the other does. */
  function* enter(cpu: Cpu): Kernel {
    const me = cpu.id & 1;
    yield cpu.writeOnce(page.want[me], 1);
    if (settings['handshake'] === true) yield cpu.smpMb();
    if ((yield cpu.readOnce(page.want[1 - me])) !== 0) {
      yield cpu.writeOnce(page.want[me], 0);
      return;
    }
    if ((yield cpu.atomicFetchAdd(page.inside, 1)) > 0) {
      cpu.machine.violateNow('warn', 'both CPUs have entered', cpu, page.inside, []);
    }
    yield cpu.atomicDec(page.inside);
    yield cpu.smpStoreRelease(page.want[me], 0);
  }

  const operations = [
    { name: 'map_page', summary: 'maps the page and reads its tags', parameters: [], run: mapPage },
    { name: 'enter', summary: 'enters what only one may be in', parameters: [], run: enter },
  ];
  return { layout, operations, attach() {} };
}

const fixed: Settings = { flagFirst: false, barrier: true, handshake: true };

/**
 * The target of the self-check: protocols small enough that every memory model's answer is known. It is not among the
 * targets that are listed; the self-check loads this module.
 */
export const targets: readonly Target[] = [
  {
    name: 'planted',
    summary: 'known bugs that a working search finds at once',
    description: 'For the self-check.',
    memory: 'arm64',
    size: { cpus: 2, pages: 1, mms: 1 },
    variants: [
      {
        name: 'fixed',
        summary: 'tags are cleared, then the flag is set; the handshake has its barriers',
        origin: 'textbook',
        fixed: true,
        settings: fixed,
      },
      {
        name: 'flag-first',
        summary: 'the flag is set before the tags are cleared',
        origin: 'as Linux v5.19 did',
        settings: { ...fixed, flagFirst: true },
      },
    ],
    switches: [
      { name: 'no-wmb', summary: 'no barrier before the flag', origin: 'made', settings: { barrier: false } },
      {
        name: 'no-mb',
        summary: 'no barrier in the handshake',
        origin: 'made',
        settings: { handshake: false },
      },
    ],
    oracles: ['stale-tags', 'warn'],
    build,
  },
];
