import { Kind } from '../../engine/access.ts';

/** What coverage wants to know of a kind of access, as bits. */
export const About = { Reads: 1, Writes: 2, Takes: 4, Gives: 8, Rare: 16, Commit: 32 } as const;

/** Kinds of entries of the log that are no accesses; they follow those of `Kind`. */
export const Entry = { Commit: 31 } as const;

const { Reads, Writes, Takes, Gives, Rare } = About;

/** Bits of `About` by kind; kinds that are not named touch no word. A lock is a word that is read and written. */
const bitsOf = new Map<number, number>([
  [Kind.Load, Reads],
  [Kind.PlainLoad, Reads],
  [Kind.IsLocked, Reads],
  [Kind.Wait, Reads],
  [Kind.Walk, Reads],
  [Kind.Store, Writes],
  [Kind.PlainStore, Writes],
  [Kind.Rmw, Reads | Writes],
  [Kind.Lock, Reads | Writes | Takes],
  [Kind.ReadLock, Reads | Writes | Takes],
  [Kind.BitLock, Reads | Writes | Takes],
  [Kind.Trylock, Reads | Writes | Takes],
  [Kind.ReadTrylock, Reads | Writes | Takes],
  [Kind.BitTrylock, Reads | Writes | Takes],
  [Kind.Unlock, Writes | Gives],
  [Kind.ReadUnlock, Writes | Gives],
  [Kind.BitUnlock, Writes | Gives],
  [Entry.Commit, About.Commit],
  [Kind.Alloc, Rare],
  [Kind.Free, Rare],
  [Kind.RcuReadLock, Rare],
  [Kind.RcuReadUnlock, Rare],
  [Kind.SrcuReadLock, Rare],
  [Kind.SrcuReadUnlock, Rare],
  [Kind.SyncRcuStart, Rare],
  [Kind.SyncSrcuStart, Rare],
]);

export const about: Uint8Array = Uint8Array.from({ length: 32 }, (_, kind) => bitsOf.get(kind) ?? 0);
