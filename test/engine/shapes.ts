import type { Kernel } from '../../src/engine/access.ts';
import type { Cpu } from '../../src/engine/cpu.ts';
import { flags, Layout, lock, words } from '../../src/engine/layout.ts';
import type { BoundProgram } from '../../src/engine/program.ts';

// Model code in every shape that the build takes apart (scripts/lower.mjs), or leaves as it is: what it computes goes into
// `out`, so that a value that is lost over a suspension shows.

export const layout = new Layout();
export const w = layout.struct('w', { mem: words(4), bits: flags(['a', 'b']), mutex: lock('Mutex') });
const at = (i: number) => w.mem[((i % 4) + 4) % 4];

type Out = (value: number) => void;
type Shape = (cpu: Cpu, v: number, out: Out) => Kernel;

function* load(cpu: Cpu, i: number): Kernel<number> {
  return yield cpu.readOnce(at(i));
}

function* bump(cpu: Cpu, i: number, by = 1): Kernel<number> {
  const old = yield cpu.atomicFetchAdd(at(i), by);
  if (old > 40) yield cpu.writeOnce(at(i), 0);
  return old + by;
}

function* isOdd(cpu: Cpu, i: number): Kernel<boolean> {
  return (yield cpu.readOnce(at(i))) % 2 === 1;
}

function* deep(cpu: Cpu, n: number): Kernel<number> {
  if (n === 0) return yield* load(cpu, 0);
  const before = yield* bump(cpu, n);
  return before + (yield* deep(cpu, n - 1));
}

function* pair(cpu: Cpu, i: number): Kernel<{ a: number; b: readonly number[] }> {
  return { a: yield* load(cpu, i), b: [i, yield cpu.readOnce(at(i + 1))] };
}

const noted: number[] = [];
function note(value: number): number {
  noted.push(value);
  return value;
}

export const shapes = {
  operands,
  logic,
  choices,
  loops,
  endless,
  nested,
  switches,
  changing,
  patterns,
  tails,
  many,
  guarded,
  passed,
} satisfies Readonly<Record<string, Shape>>;

function* operands(cpu: Cpu, v: number, out: Out): Kernel {
  let x = v;
  const sum = note(x) + (yield cpu.readOnce(at(x))) * note(2) - (yield* bump(cpu, x)) + note(3);
  x += yield* load(cpu, 1);
  x |= (yield cpu.readOnce(at(2))) & 7;
  yield cpu.writeOnce(at(note(1)), (yield cpu.readOnce(at(0))) + (yield* load(cpu, 3)) + x);
  out(sum);
  out(-(yield* load(cpu, 1)));
  out([5, 6, 7][(yield* load(cpu, v)) % 3] ?? 8);
}

function* logic(cpu: Cpu, v: number, out: Out): Kernel {
  if (v > 1 && (yield* isOdd(cpu, v)) && (yield cpu.readOnce(at(0))) < 9) out(1);
  else if (v < 1 || (yield* isOdd(cpu, 1))) out(2);
  const none = v > 2 ? null : v;
  const value = none ?? (yield* load(cpu, 2));
  const both = (yield* isOdd(cpu, 0)) || !((yield* isOdd(cpu, 1)) && v !== 2);
  out(value + (both ? 10 : 20));
}

function* choices(cpu: Cpu, v: number, out: Out): Kernel {
  const one = v % 2 === 0 ? yield* load(cpu, 0) : (yield cpu.readOnce(at(1))) + 100;
  const two = (yield* isOdd(cpu, 2)) ? note(one) : yield* bump(cpu, v, 3);
  out(one * 1000 + two);
  return (yield* isOdd(cpu, 3)) ? out(1) : out(2);
}

function* loops(cpu: Cpu, v: number, out: Out): Kernel {
  for (let i = 0; i < 3; i++) {
    if (i === v) continue;
    const seen = yield* load(cpu, i);
    if (seen > 30) break;
    yield cpu.writeOnce(at(i), seen + 1);
  }
  let n = 0;
  while ((yield* load(cpu, v)) < 12 && n < 3) {
    n++;
    if (n === 2) continue;
    yield* bump(cpu, v, n);
  }
  for (const word of w.mem) {
    let local: number | undefined;
    if ((yield cpu.readOnce(word)) > 5) local = yield* load(cpu, n);
    out(local ?? -1);
  }
  out(n);
}

/** Stays a generator, for its labels and its `do`. */
function* endless(cpu: Cpu, v: number, out: Out): Kernel {
  let n = v;
  do {
    n -= yield* load(cpu, 1);
  } while (n > 0);
  outer: for (let i = 0; i < 3; i++) {
    while (n < 3) {
      n++;
      if ((yield* load(cpu, n)) === i) continue outer;
    }
  }
  out(n);
}

function* nested(cpu: Cpu, v: number, out: Out): Kernel {
  for (let i = 0; i < 2; i++) {
    for (let j = 0; j < 2; j++) {
      const x = yield* load(cpu, i + j);
      if (x === v) break;
      if (j === 1) {
        const y = yield* bump(cpu, j);
        out(x + y);
      } else {
        const y = x * 2;
        out(y);
      }
    }
  }
  out(yield* deep(cpu, 2));
}

function* switches(cpu: Cpu, v: number, out: Out): Kernel {
  switch (v % 4) {
    case 0:
      yield* bump(cpu, 0);
      break;
    case 1:
    case 2: {
      const x = yield* load(cpu, 2);
      if (x > 3) break;
      yield cpu.writeOnce(at(2), x + 1);
      out(yield* load(cpu, 0));
      break;
    }
    default:
      out(7);
  }
  switch (yield* load(cpu, v)) {
    case 0:
      yield cpu.writeOnce(at(0), 9);
      return;
    case 1:
      out(1);
      break;
    default:
      yield* bump(cpu, 1);
  }
}

/** What was decided before a suspension is not decided again after it. */
function* changing(cpu: Cpu, v: number, out: Out): Kernel {
  let x = v;
  if (x > 2) out(x);
  else {
    x = 9;
    yield* bump(cpu, x);
    out(x);
  }
  if (x > 2) {
    x = 0;
    out(yield* load(cpu, 1));
    out(note(x));
    out(yield* load(cpu, 2));
  }
  for (let i = 0; i < 2 && x < 2; i++) {
    x += 2;
    yield* bump(cpu, x);
    out(x);
  }
  x -= 4;
  while (x < 1) {
    x += 5;
    yield* load(cpu, x);
  }
  const n = x > 3 ? yield* bump(cpu, (x = 1)) : 0;
  const m = x === 1 && (yield* isOdd(cpu, (x = 2)));
  let y = 5;
  while ((yield* load(cpu, 0)) < y) {
    y = -1;
    yield* bump(cpu, 0);
    out(y);
  }
  switch (v < 2 ? 2 : x) {
    // @ts-expect-error: what falls through may be suspended in both places
    // biome-ignore lint/suspicious/noFallthroughSwitchClause: as above
    case 2:
      x = 3;
      yield* bump(cpu, 0);
      out(x);
    case 3:
      yield* bump(cpu, 1);
      out(x + 1);
      break;
    default:
      out(n + (m ? 1 : 0));
  }
}

function* patterns(cpu: Cpu, v: number, out: Out): Kernel {
  const { a, b } = yield* pair(cpu, v);
  const [first, second] = b;
  const [third = 4, ...rest] = [yield* load(cpu, first)];
  out(a + second + third + rest.length);
  out(w.mem.filter(word => word > at(a)).length);
}

function* tails(cpu: Cpu, v: number, _out: Out): Kernel {
  if (v === 0) return yield* last(cpu);
  if (v === 1) {
    yield cpu.setBit(1, w.bits);
  } else yield* lock2(cpu);
}

function* last(cpu: Cpu): Kernel {
  yield cpu.writeOnce(at(0), 3);
}

function* lock2(cpu: Cpu): Kernel {
  yield cpu.mutexLock(w.mutex);
  yield* bump(cpu, 0);
  yield cpu.mutexUnlock(w.mutex);
}

/** More values than most functions need after a suspension, in and behind a loop that declares its own anew. */
function* many(cpu: Cpu, v: number, out: Out): Kernel {
  const [a, b, c, d, e, f, g] = [v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6];
  let sum = 0;
  for (let i = 0; i < 2; i++) {
    const x = yield* load(cpu, i);
    let y = x + i;
    if (i === 1) y += yield* bump(cpu, v);
    sum += x * y + (yield cpu.readOnce(at(a)));
    out(sum);
  }
  out(a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + sum + (yield cpu.readOnce(at(b))));
}

/** Stays a generator: what is suspended in a `try` cannot be left by a `return`. */
function* guarded(cpu: Cpu, v: number, out: Out): Kernel {
  try {
    if ((yield* load(cpu, v)) > 2) throw new RangeError('more than two');
    yield* fails(cpu, v);
    yield* failsBelow(cpu, v);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    out(yield* bump(cpu, v));
  } finally {
    yield* bump(cpu, 3);
  }
}

function* fails(cpu: Cpu, v: number): Kernel {
  if (yield* isOdd(cpu, v)) throw new RangeError('odd');
}

function* failsBelow(cpu: Cpu, v: number): Kernel {
  yield* fails(cpu, v + 1);
  note(v);
}

/** Functions that are values are generator functions, whatever the build made of them. */
function* passed(cpu: Cpu, v: number, out: Out): Kernel {
  const run: (cpu: Cpu, i: number) => Kernel<number> = v % 2 === 0 ? load : bump;
  out(yield* run(cpu, v));
  const frame = deep(cpu, 1);
  out(yield* frame);
}

/** Calls by name, as functions of models call each other. */
function* call(cpu: Cpu, name: string, v: number, out: Out): Kernel {
  switch (name) {
    case 'operands':
      yield* operands(cpu, v, out);
      break;
    case 'logic':
      yield* logic(cpu, v, out);
      break;
    case 'choices':
      yield* choices(cpu, v, out);
      break;
    case 'loops':
      yield* loops(cpu, v, out);
      break;
    case 'endless':
      yield* endless(cpu, v, out);
      break;
    case 'nested':
      yield* nested(cpu, v, out);
      break;
    case 'switches':
      yield* switches(cpu, v, out);
      break;
    case 'changing':
      yield* changing(cpu, v, out);
      break;
    case 'patterns':
      yield* patterns(cpu, v, out);
      break;
    case 'tails':
      yield* tails(cpu, v, out);
      break;
    case 'many':
      yield* many(cpu, v, out);
      break;
    case 'guarded':
      yield* guarded(cpu, v, out);
      break;
    case 'passed':
      yield* passed(cpu, v, out);
      break;
  }
  out(-9);
}

export function bind(
  calls: readonly (readonly (readonly [string, number])[])[],
  out: number[],
): BoundProgram {
  noted.length = 0;
  return {
    setup: [],
    cpus: calls.map((list, c) =>
      list.map(([name, v]) => ({
        name,
        args: [v],
        start: cpu => call(cpu, name, v, value => out.push(c, value)),
      })),
    ),
    interrupts: [],
  };
}

/** What was computed on the way, in order. */
export const notes = (): readonly number[] => noted;
