import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import { DATA } from '../../oracles/migration-shadow.ts';
import { pteNumber, ptePresent, pteWrite } from '../kernel/pte.ts';
import { enter, exit, reenter } from './run-state.ts';
import { userMemAbort } from './stage2.ts';
import type { Host, Page, State } from './state.ts';

/** What the guest does with a granule. */
export type GuestStore = 'data' | 'tag' | 'tag-then-data';

/** A vCPU stores, at the source or wherever the guest runs: STR, STG, or both as an allocator does. */
export function* guestStore(
  cpu: Cpu,
  s: State,
  what: GuestStore,
  gfn: number,
  granule: number,
  tag: number,
): Kernel {
  let h = yield* enter(cpu, s, 'vcpu');
  if (what !== 'data') {
    h = yield* storeThroughStage2(cpu, s, h, gfn, (page, at) => {
      const value = s.mte.shadow.tagFor(page, tag);
      if (at === s.destination) s.content.willStore(gfn, DATA + granule, value);
      return [page.tags[granule], value];
    });
  }
  if (what !== 'tag') {
    h = yield* storeThroughStage2(cpu, s, h, gfn, (page, at) => {
      const value = s.content.nextData();
      if (at === s.destination) s.content.willStore(gfn, granule, value);
      return [page.data[granule], value];
    });
  }
  yield* exit(cpu, s, 'vcpu', h);
}

/** Returns where the guest was when it stored. */
function* storeThroughStage2(
  cpu: Cpu,
  s: State,
  host: Host,
  gfn: number,
  store: (page: Page, at: Host) => readonly [address: number, value: number],
): Kernel<Host> {
  let h = host;
  for (;;) {
    const leaf = yield cpu.walk(h.stage2Tlb[gfn], h.kvm.stage2[gfn]);
    if (ptePresent(leaf) && pteWrite(leaf)) {
      const [address, value] = store(h.pages[pteNumber(leaf)], h);
      yield cpu.writeOnce(address, value);
      return h;
    }
    yield* userMemAbort(cpu, s, h, gfn, true, ptePresent(leaf));
    yield cpu.cpuRelax();
    h = yield* reenter(cpu, s, h);
  }
}

/** A vCPU loads a granule: the tag that the access is checked against, and the data. */
export function* guestLoad(cpu: Cpu, s: State, gfn: number, granule: number): Kernel {
  const h = yield* enter(cpu, s, 'vcpu');
  yield* exit(cpu, s, 'vcpu', yield* loadThroughStage2(cpu, s, h, gfn, granule));
}

/** Returns where the guest was when it loaded. */
function* loadThroughStage2(cpu: Cpu, s: State, host: Host, gfn: number, granule: number): Kernel<Host> {
  let h = host;
  for (;;) {
    const leaf = yield cpu.walk(h.stage2Tlb[gfn], h.kvm.stage2[gfn]);
    if (ptePresent(leaf)) {
      const page = h.pages[pteNumber(leaf)];
      const tag = yield cpu.readDependent(page.tags[granule]);
      if (h === s.source) s.mte.shadow.loaded(cpu, page, granule, tag);
      else s.content.loaded(cpu, gfn, DATA + granule, tag);
      const data = yield cpu.readDependent(page.data[granule]);
      if (h === s.destination) s.content.loaded(cpu, gfn, granule, data);
      return h;
    }
    yield* userMemAbort(cpu, s, h, gfn, false, false);
    yield cpu.cpuRelax();
    h = yield* reenter(cpu, s, h);
  }
}
