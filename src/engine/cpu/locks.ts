import { type Access, Kind } from '../access.ts';
import { isSpinning, LockType } from '../layout.ts';
import { CpuAccesses } from './accesses.ts';

/** Locks: what they are declared as in the layout decides how a primitive may be used. */
export class CpuLocks extends CpuAccesses {
  /** `spin_lock`; the spin primitives serve raw spinlocks as well: what the word was declared as decides. */
  spinLock(lock: number): Access {
    this.#acquiring(lock, false, true);
    this.preemptDepth++;
    return this.describe(Kind.Lock, lock, 0, 0, 0);
  }
  /** `spin_lock_nested`: for lockdep the lock is of the class `lockClass` (from `layout.lockClass`) this time. */
  spinLockNested(lock: number, lockClass: number): Access {
    this.#checkType(lock, true);
    this.machine.checkLockOrder(this, lockClass, this.machine.lockTypeOf(lock), false);
    this.preemptDepth++;
    return this.describe(Kind.Lock, lock, 0, lockClass + 1, 0);
  }
  spinUnlock(lock: number): Access {
    return this.describe(Kind.Unlock, lock, 0, 0, 0);
  }
  /** `spin_lock_irq`; also for `raw_spin_lock_irq`. */
  spinLockIrq(lock: number): Access {
    this.localIrqDisable();
    return this.spinLock(lock);
  }
  /** Interrupts are on again when the lock is released. */
  spinUnlockIrq(lock: number): Access {
    return this.describe(Kind.Unlock, lock, 1, 0, 0);
  }
  /** `spin_lock_irqsave`; the result, for `spinUnlockIrqrestore`, says whether interrupts were off before. */
  spinLockIrqsave(lock: number): Access {
    const flags = this.irqsOff ? 1 : 0;
    this.localIrqDisable();
    this.#acquiring(lock, false, true);
    this.preemptDepth++;
    return this.describe(Kind.Lock, lock, flags, 0, 0);
  }
  spinUnlockIrqrestore(lock: number, flags: number): Access {
    return this.describe(Kind.Unlock, lock, flags === 0 ? 1 : 0, 0, 0);
  }
  spinLockBh(lock: number): Access {
    this.localBhDisable();
    return this.spinLock(lock);
  }
  spinUnlockBh(lock: number): Access {
    return this.describe(Kind.Unlock, lock, 2, 0, 0);
  }
  /** 1 if taken. A failure orders nothing and may be stale. */
  spinTrylock(lock: number): Access {
    this.#checkType(lock, true);
    return this.describe(Kind.Trylock, lock, 0, 0, 0);
  }
  spinIsLocked(lock: number): Access {
    return this.describe(Kind.IsLocked, lock, 0, 0, 0);
  }
  readLock(lock: number): Access {
    this.#acquiring(lock, true, true);
    this.preemptDepth++;
    return this.describe(Kind.ReadLock, lock, 0, 0, 0);
  }
  readUnlock(lock: number): Access {
    return this.describe(Kind.ReadUnlock, lock, 0, 0, 0);
  }
  writeLock(lock: number): Access {
    return this.spinLock(lock);
  }
  writeUnlock(lock: number): Access {
    return this.spinUnlock(lock);
  }
  mutexLock(lock: number): Access {
    this.mightSleep('mutex_lock');
    this.#acquiring(lock, false, false);
    return this.describe(Kind.Lock, lock, 0, 0, 0);
  }
  mutexTrylock(lock: number): Access {
    this.#checkType(lock, false);
    return this.describe(Kind.Trylock, lock, 0, 0, 0);
  }
  mutexUnlock(lock: number): Access {
    return this.describe(Kind.Unlock, lock, 0, 0, 0);
  }
  downRead(lock: number): Access {
    this.mightSleep('down_read');
    this.#acquiring(lock, true, false);
    return this.describe(Kind.ReadLock, lock, 0, 0, 0);
  }
  downReadTrylock(lock: number): Access {
    this.#checkType(lock, false);
    return this.describe(Kind.ReadTrylock, lock, 0, 0, 0);
  }
  upRead(lock: number): Access {
    return this.describe(Kind.ReadUnlock, lock, 0, 0, 0);
  }
  downWrite(lock: number): Access {
    this.mightSleep('down_write');
    this.#acquiring(lock, false, false);
    return this.describe(Kind.Lock, lock, 0, 0, 0);
  }
  upWrite(lock: number): Access {
    return this.describe(Kind.Unlock, lock, 0, 0, 0);
  }
  /** `bit_spin_lock`; `lockClass` comes from `layout.lockClass`. */
  bitSpinLock(bit: number, address: number, lockClass: number): Access {
    this.machine.checkLockOrder(this, lockClass, LockType.BitSpinlock, false);
    this.preemptDepth++;
    return this.describe(Kind.BitLock, address, bit, lockClass, LockType.BitSpinlock);
  }
  bitSpinUnlock(bit: number, address: number): Access {
    return this.describe(Kind.BitUnlock, address, bit, 0, LockType.BitSpinlock);
  }
  /** `folio_lock`: a sleeping bit lock in the folio's flags. */
  folioLock(bit: number, address: number, lockClass: number): Access {
    this.mightSleep('folio_lock');
    this.machine.checkLockOrder(this, lockClass, LockType.FolioLock, false);
    return this.describe(Kind.BitLock, address, bit, lockClass, LockType.FolioLock);
  }
  /** 1 if taken. */
  folioTrylock(bit: number, address: number, lockClass: number): Access {
    return this.describe(Kind.BitTrylock, address, bit, lockClass, LockType.FolioLock);
  }
  folioUnlock(bit: number, address: number): Access {
    return this.describe(Kind.BitUnlock, address, bit, 0, LockType.FolioLock);
  }

  #acquiring(lock: number, read: boolean, spinning: boolean): void {
    this.#checkType(lock, spinning);
    this.machine.checkLockOrder(this, this.machine.lockClassOf[lock], this.machine.lockTypeOf(lock), read);
  }

  #checkType(lock: number, spinning: boolean): void {
    const type = this.machine.lockTypeOf(lock);
    if (type === LockType.None || isSpinning(type) !== spinning) {
      this.machine.misuse(
        this,
        `${this.machine.layout.nameOf(lock)} is not declared as a ${spinning ? 'spinning' : 'sleeping'} lock`,
      );
    }
  }
}
