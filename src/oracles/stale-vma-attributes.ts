import type { Oracle } from './oracle.ts';

export const staleVmaAttributes: Oracle = {
  id: 'stale-vma-attributes',
  title: 'KVM: stage 2 with the attributes of a VMA that is gone',
  rule: 'What a fault installs has the memory type that the area there at the time gives (I12).',
  source: '13ec9308a857; targets/stage2-memtype/checks.ts',
  blind: 'Two areas that give the same type are not told apart; sizes of mappings are not modelled.',
};
