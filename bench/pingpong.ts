import type { Yardstick } from './timing.ts';

/**
 * The yardstick of DESIGN: three generators of three different functions, each behind two `yield*`, resumed in
 * pseudo-random order. Everything an engine does comes on top of that.
 */
function* first(n: number): Generator<number, number, number> {
  let sum = 0;
  for (let i = 0; i < n; i++) sum = (sum + (yield i)) | 0;
  return sum;
}
function* second(n: number): Generator<number, number, number> {
  let sum = 1;
  for (let i = 0; i < n; i++) sum = (sum ^ (yield i + 1)) | 0;
  return sum;
}
function* third(n: number): Generator<number, number, number> {
  let sum = 2;
  for (let i = 0; i < n; i++) sum = (sum - (yield i + 2)) | 0;
  return sum;
}
function* middle1(n: number): Generator<number, number, number> {
  return yield* first(n);
}
function* middle2(n: number): Generator<number, number, number> {
  return yield* second(n);
}
function* middle3(n: number): Generator<number, number, number> {
  return yield* third(n);
}
function* outer1(n: number): Generator<number, number, number> {
  return yield* middle1(n);
}
function* outer2(n: number): Generator<number, number, number> {
  return yield* middle2(n);
}
function* outer3(n: number): Generator<number, number, number> {
  return yield* middle3(n);
}

export const pingpong: Yardstick = {
  name: 'ping-pong (3 generators behind two yield*, random order)',
  run(count) {
    const generators = [outer1(count), outer2(count), outer3(count)];
    let state = 12345;
    let sum = 0;
    for (const g of generators) g.next(0);
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      sum = (sum + generators[(state >>> 8) % 3].next(i).value) | 0;
    }
    return { accesses: count, executions: sum === 42 ? 1 : 1 };
  },
};
