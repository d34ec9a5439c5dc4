import type { Oracle } from './oracle.ts';

export const unpreparedMapping: Oracle = {
  id: 'unprepared-mapping',
  title: 'KVM: private mapping of an unprepared page',
  rule: 'A private mapping leads to a page that the RMP table assigns to this gfn; otherwise the guest faults for ever (I4).',
  source: 'sev_gmem_prepare(), sev_handle_rmp_fault(); targets/guest-memfd/checks.ts',
  blind: 'Judged at installation; that only the guest suffers does not matter.',
};
