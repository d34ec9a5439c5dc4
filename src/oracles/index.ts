import { blockBalance } from './block-balance.ts';
import { dataRace } from './data-race.ts';
import { deadlock } from './deadlock.ts';
import { disallowedTags } from './disallowed-tags.ts';
import { doubleFree } from './double-free.ts';
import { hostPrivateAccess } from './host-private-access.ts';
import { hostUnmappedAccess } from './host-unmapped-access.ts';
import { irqLockState } from './irq-lock-state.ts';
import { leak } from './leak.ts';
import { livelock } from './livelock.ts';
import { lockOrder } from './lock-order.ts';
import { lostInvalidation } from './lost-invalidation.ts';
import { migrationDivergence } from './migration-divergence.ts';
import { mismatchedAttributes } from './mismatched-attributes.ts';
import type { Oracle } from './oracle.ts';
import { privateAfterFree } from './private-after-free.ts';
import { sleepingInAtomic } from './sleeping-in-atomic.ts';
import { spuriousVmExit } from './spurious-vm-exit.ts';
import { staleNpt } from './stale-npt.ts';
import { staleStage2 } from './stale-stage2.ts';
import { staleTags } from './stale-tags.ts';
import { staleVmaAttributes } from './stale-vma-attributes.ts';
import { storageCorruption } from './storage-corruption.ts';
import { stuckExclusive } from './stuck-exclusive.ts';
import { tagCheckFault } from './tag-check-fault.ts';
import { tagLoss } from './tag-loss.ts';
import { unbalancedInvalidation } from './unbalanced-invalidation.ts';
import { uninitialisedTags } from './uninitialised-tags.ts';
import { unpreparedMapping } from './unprepared-mapping.ts';
import { useAfterFree } from './use-after-free.ts';
import { warn } from './warn.ts';
import { wildTagAccess } from './wild-tag-access.ts';

/** All oracles. Adding one: a file beside this one and a line here. */
export const oracles: readonly Oracle[] = [
  tagLoss,
  staleTags,
  uninitialisedTags,
  disallowedTags,
  migrationDivergence,
  tagCheckFault,
  storageCorruption,
  blockBalance,
  hostPrivateAccess,
  privateAfterFree,
  staleNpt,
  lostInvalidation,
  unpreparedMapping,
  unbalancedInvalidation,
  wildTagAccess,
  mismatchedAttributes,
  staleVmaAttributes,
  staleStage2,
  stuckExclusive,
  hostUnmappedAccess,
  spuriousVmExit,
  sleepingInAtomic,
  deadlock,
  livelock,
  lockOrder,
  irqLockState,
  dataRace,
  useAfterFree,
  doubleFree,
  leak,
  warn,
];

export function oracleOf(id: string): Oracle | undefined {
  return oracles.find(oracle => oracle.id === id);
}
