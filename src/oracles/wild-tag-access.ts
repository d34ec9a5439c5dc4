import type { Oracle } from './oracle.ts';

export const wildTagAccess: Oracle = {
  id: 'wild-tag-access',
  title: 'MTE: tag access to memory without tag storage',
  rule: 'Allocation tags are loaded and stored only for memory that firmware gave tag storage; for other memory (pa >> k) + offset is unrelated memory or a device (I11).',
  source: 'the stage2-memtype thread; targets/stage2-memtype/tags.ts',
  blind: 'Interconnects that drop such accesses are harmless; the model has none.',
};
