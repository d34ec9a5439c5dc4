/** Bits of page->flags, of all targets. */
export const PG = {
  locked: 0,
  dirty: 1,
  mte_tagged: 2,
  mte_lock: 3,
  /** Peter Collingbourne, June 2022. */
  mte_tag_clearing: 4,
  /** Alexandru Elisei's dynamic tag storage, 2023. */
  tag_storage_reserved: 5,
  uptodate: 6,
} as const;

/** Their names, in the order of the bits. */
export const pageFlags = [
  'PG_locked',
  'PG_dirty',
  'PG_mte_tagged',
  'PG_mte_lock',
  'PG_mte_tag_clearing',
  'PG_tag_storage_reserved',
  'PG_uptodate',
];
