import type { Oracle } from './oracle.ts';

export const spuriousVmExit: Oracle = {
  id: 'spurious-vm-exit',
  title: 'KVM: a fault fails instead of retrying',
  rule: 'A fault ends with an error only if memslot or file are going away, memory is short, the guest asked for a conversion, or the memory may not be mapped for what it is.',
  source:
    'review of sev_private_max_mapping_level() in v14 of the SNP series; targets/guest-memfd/checks.ts, targets/stage2-memtype/checks.ts',
  blind: 'Errors that user space could repair count as well.',
};
