import type { Oracle } from './oracle.ts';

export const stuckExclusive: Oracle = {
  id: 'stuck-exclusive',
  title: 'guest: an exclusive that never succeeds',
  rule: 'In memory that the guest may take for RAM, LDXR and STXR succeed in the end when nobody else is there.',
  source: 'the stage2-memtype thread; targets/stage2-memtype/guest.ts',
  blind:
    'An abort with status 0x35 instead is an exit, not a violation. A guest that knows not to use exclusives is not one either.',
};
