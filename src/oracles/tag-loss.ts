import type { Oracle } from './oracle.ts';

export const tagLoss: Oracle = {
  id: 'tag-loss',
  title: 'MTE: allocation tags lost',
  rule: 'A tag that an owner stored (user or guest STG, ptrace, KVM_ARM_MTE_COPY_TAGS) keeps its value until the owner stores another or gives the page up; across copy on write, fork, migration and swap the copy equals the source (property P2 of the fact sheet). The kernel replacing it, reading 0 where it was carried over, and its absence at the end are violations.',
  source: 'tag-shadow.ts; d77e59a8fccd and 6dca4ac6fc91 fix such losses',
  blind:
    "Where nothing orders a copy after the source's last store, the state before that store is accepted. Older tags of the same owner are accepted (coherence is the memory model's matter).",
};
