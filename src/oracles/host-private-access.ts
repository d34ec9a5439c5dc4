import type { Oracle } from './oracle.ts';

export const hostPrivateAccess: Oracle = {
  id: 'host-private-access',
  title: 'BUG: unable to handle page fault (RMP): host write to a private page',
  rule: 'The host never writes to a page that is assigned to a guest in the RMP table, nor through a 2M direct-map entry that covers one at 4K (I1, I9, I10).',
  source: 'AMD APM vol. 2, 15.36; targets/guest-memfd/checks.ts',
  blind:
    'Reads by the host are legal for hardware and not judged; the RMP entry is looked at when the write executes.',
};
