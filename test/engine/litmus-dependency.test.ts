import { describe } from 'vitest';
import { Order } from '../../src/engine/access.ts';
import { obj0, obj1, shape, type Thread, w } from './litmus.ts';

const { x, y, p } = w;

const publish = (barrier: 'none' | 'wmb' | 'assign', where = p): Thread =>
  function* (cpu) {
    yield cpu.writeOnce(obj0.val, 1);
    if (barrier === 'wmb') yield cpu.smpWmb();
    yield barrier === 'assign' ? cpu.rcuAssignPointer(where, obj0.base) : cpu.writeOnce(where, obj0.base);
  };

/** `0` if there was nothing to follow, else `1` and what was found. */
describe('address dependencies', () => {
  const sc = '0 11';
  const follow: Thread = function* (cpu, out) {
    const found = yield cpu.rcuDereference(p);
    out(found === 0 ? 0 : 1);
    if (found !== 0) out(yield cpu.readOnce(obj0.val));
  };
  shape('MP to rcu_dereference', [publish('assign'), follow], { sc });
  shape('MP to rcu_dereference, wmb', [publish('wmb'), follow], { sc });
  shape('MP to rcu_dereference, nothing in the writer', [publish('none'), follow], { sc, arm64: '10' });
  const followOnce: Thread = function* (cpu, out) {
    const found = yield cpu.readOnce(p);
    out(found === 0 ? 0 : 1);
    if (found !== 0) out(yield cpu.readOnce(obj0.val));
  };
  shape('READ_ONCE of a word declared as a pointer', [publish('assign'), followOnce], { sc });
  const followNumber: Thread = function* (cpu, out) {
    const found = yield cpu.readOnce(x);
    out(found === 0 ? 0 : 1);
    if (found !== 0) out(yield cpu.readOnce(obj0.val));
  };
  // The model does not know that the number is an address: say `pointer`, rcuDereference or readDependent.
  shape('READ_ONCE of an ordinary word', [publish('assign', x), followNumber], { sc, arm64: '10' });
  const followDependent: Thread = function* (cpu, out) {
    const found = yield cpu.rcuDereference(x);
    out(found === 0 ? 0 : 1);
    if (found !== 0) out(yield cpu.readDependent(obj0.val));
  };
  shape('readDependent after rcu_dereference of an ordinary word', [publish('assign', x), followDependent], {
    sc,
  });

  const elsewhere: Thread = function* (cpu, out) {
    const found = yield cpu.rcuDereference(p);
    out(found === 0 ? 0 : 1);
    if (found !== 0) out(yield cpu.readOnce(y));
  };
  shape(
    'a dependency orders only what is read through the pointer',
    [
      function* (cpu) {
        yield cpu.writeOnce(y, 1);
        yield cpu.rcuAssignPointer(p, obj0.base);
      },
      elsewhere,
    ],
    { sc, arm64: '10' },
  );
  const middle: Thread = function* (cpu, out) {
    // A pointer to a member: container_of leads back to the object.
    const found = yield cpu.rcuDereference(p);
    out(found === 0 ? 0 : 1);
    if (found !== 0) out(yield cpu.readOnce(obj0.val));
  };
  shape(
    'a pointer into an object orders what is read of the object',
    [
      function* (cpu) {
        yield cpu.writeOnce(obj0.val, 1);
        yield cpu.rcuAssignPointer(p, obj0.next);
      },
      middle,
    ],
    { sc },
  );
  const list: Thread = function* (cpu, out) {
    const first = yield cpu.rcuDereference(p);
    out(first === 0 ? 0 : 1);
    if (first === 0) return;
    const second = yield cpu.rcuDereference(obj0.next);
    out(yield cpu.readOnce(second === obj1.base ? obj1.val : x));
  };
  shape(
    'a chain of two pointers',
    [
      function* (cpu) {
        yield cpu.writeOnce(obj1.val, 1);
        yield cpu.writeOnce(obj0.next, obj1.base);
        yield cpu.rcuAssignPointer(p, obj0.base);
      },
      list,
    ],
    { sc },
  );
});

describe('dependencies headed by read-modify-writes', () => {
  const failing: Thread = function* (cpu, out) {
    const found = yield cpu.cmpxchg(p, 0, 0);
    out(found === 0 ? 0 : 1);
    if (found !== 0) out(yield cpu.readOnce(obj0.val));
  };
  shape('a failed cmpxchg of a pointer heads a dependency', [publish('assign'), failing], { sc: '0 11' });
  const taking: Thread = function* (cpu, out) {
    const found = yield cpu.xchg(p, 0, Order.Relaxed);
    out(found === 0 ? 0 : 1);
    if (found !== 0) out(yield cpu.readOnce(obj0.val));
  };
  shape('so does xchg_relaxed', [publish('assign'), taking], { sc: '0 11' });
});

describe('dep;rfi', () => {
  // C-PPO000-019rcu: a load that forwards from a delayed store keeps the dependency of the value stored.
  const forwarding: Thread = function* (cpu, out) {
    const found = yield cpu.rcuDereference(p);
    out(found === 0 ? 0 : 1);
    yield cpu.writeOnce(obj1.next, found);
    const again = yield cpu.rcuDereference(obj1.next);
    if (again !== 0) out(yield cpu.readOnce(obj0.val));
  };
  shape('a pointer stored and read back', [publish('wmb'), forwarding], { sc: '0 11' });
});
