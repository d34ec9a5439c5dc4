// Random small litmus tests for comparing two implementations of a memory model.

type Random = () => number;

/** The text of a test of processes with two to three accesses each, observing every register and x and y. */
export function randomLitmus(random: Random, count = 2): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const style = { rcu: random() < 0.4, lock: random() < 0.3, pointer: random() < 0.3 };
  const process = () => {
    const lines: string[] = [];
    const registers: string[] = [];
    const pointers: string[] = [];
    let lock: string | null = null;
    let reading = false;
    const value = () => (random() < 0.25 && registers.length > 0 ? pick(registers) : pick(['1', '2']));
    const into = (call: string) => {
      const register = `r${registers.length}`;
      lines.push(`${register} = ${call};`);
      registers.push(register);
    };
    /** Publishes a pointer, or reads one and accesses what it points to: an address dependency. */
    const follow = (v: string) => {
      if (random() < 0.4) {
        lines.push(pick([`rcu_assign_pointer(*p, ${v});`, `WRITE_ONCE(*p, ${v});`]));
        return;
      }
      const pointer = `p${pointers.length}`;
      pointers.push(pointer);
      lines.push(`${pointer} = ${pick(['rcu_dereference(*p)', 'READ_ONCE(*p)'])};`);
      if (random() < 0.6) into(`READ_ONCE(*${pointer})`);
      else lines.push(`WRITE_ONCE(*${pointer}, 3);`);
    };
    const access = () => {
      const v = pick(['x', 'y']);
      if (style.pointer && random() < 0.3) {
        follow(v);
        return;
      }
      const kind = random();
      if (kind < 0.35) into(pick([`READ_ONCE(*${v})`, `smp_load_acquire(${v})`]));
      else if (kind < 0.7)
        lines.push(pick([`WRITE_ONCE(*${v}, ${value()});`, `smp_store_release(${v}, ${value()});`]));
      else if (kind < 0.8)
        into(
          pick([
            `xchg(${v}, 2)`,
            `xchg_relaxed(${v}, 1)`,
            `cmpxchg(${v}, 0, 2)`,
            `atomic_fetch_add_relaxed(1, ${v})`,
          ]),
        );
      else if (kind < 0.85) lines.push(`atomic_inc(${v});`);
      else if (registers.length > 0) {
        lines.push(`if (${pick(registers)} == 1) {`);
        access();
        lines.push('}');
      } else lines.push(`WRITE_ONCE(*${v}, 1);`);
    };
    const steps = 2 + Math.floor(random() * 2);
    for (let i = 0; i < steps; i++) {
      if (style.rcu && !reading && random() < 0.4) {
        reading = random() < 0.6;
        lines.push(reading ? 'rcu_read_lock();' : 'synchronize_rcu();');
      }
      if (style.lock && random() < 0.35) {
        if (lock === null) {
          lock = pick(['l', 'm']);
          lines.push(`spin_lock(${lock});`);
          if (random() < 0.3) lines.push(pick(['smp_mb__after_spinlock();', 'smp_mb__after_unlock_lock();']));
        } else {
          lines.push(`spin_unlock(${lock});`);
          lock = null;
        }
      }
      access();
      const fences = [
        'smp_mb();',
        'smp_rmb();',
        'smp_wmb();',
        'smp_mb__before_atomic();',
        'smp_mb__after_atomic();',
      ];
      if (i + 1 < steps && random() < 0.45) lines.push(pick(fences));
    }
    if (lock !== null) lines.push(`spin_unlock(${lock});`);
    if (reading) lines.push('rcu_read_unlock();');
    return { lines, observed: [...registers, ...pointers] };
  };
  const processes = Array.from({ length: count }, process);
  const observed = [...processes.flatMap((p, t) => p.observed.map(r => `${t}:${r}`)), 'x', 'y'].join('; ');
  const bodies = processes.map(
    (p, t) =>
      `P${t}(int *x, int *y, int **p, spinlock_t *l, spinlock_t *m) {\n\t${p.lines.join('\n\t')}\n}\n`,
  );
  return `C random\n{ p=x; }\n${bodies.join('')}locations [${observed}]\nexists (x=0)\n`;
}
