import type { Oracle } from './oracle.ts';

export const tagCheckFault: Oracle = {
  id: 'tag-check-fault',
  title: 'MTE: tag check fault of the VMM in guest memory',
  rule: "The VMM's pointers to guest memory carry tag 0: through a PROT_MTE mapping, with tag checks on, an access to a granule that the guest has tagged is a SIGSEGV, and -EFAULT from a system call that copies there.",
  source: 'Arm ARM, D10 (FEAT_MTE); targets/tag-migration/vmm-mapping.ts',
  blind:
    'Only accesses of the VMM are checked; guests are taken to use the right pointers. Synchronous checks only.',
};
