import { guestMemfd } from './guest-memfd/index.ts';
import { mteSync } from './mte-sync/index.ts';
import { stage2Memtype } from './stage2-memtype/index.ts';
import { tagMigration } from './tag-migration/index.ts';
import { tagStorage } from './tag-storage/index.ts';
import type { Target } from './target.ts';

/** All targets. Adding one: a folder beside this file and a line here. */
export const targets: readonly Target[] = [mteSync, guestMemfd, tagStorage, stage2Memtype, tagMigration];
