import { Access, type Code, type Frame, isCode, Kind } from '../access.ts';
import { ended } from '../cpu/suspended.ts';
import type { Cpu } from '../cpu.ts';
import { EngineError } from '../errors.ts';
import type { Interrupts } from './interrupts.ts';
import { EVERYTHING, type MachineState } from './state.ts';
import type { Waiting } from './waiting.ts';

/** A local name: to V8 an import is a variable that it looks up and checks at every use. */
const { described } = Access;

function* probe(): Generator<never, void, unknown> {}
const generatorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(probe()));

/**
 * %GeneratorPrototype%.next. Each generator function has objects of its own hidden class, so `generator.next` would be
 * a megamorphic property load; calling the one function there is directly saves it on every access.
 */
const resume: (this: Frame, value: unknown) => IteratorResult<Access | Code, unknown> =
  generatorPrototype.next;
const throwInto: (this: Frame, error: unknown) => IteratorResult<Access | Code, unknown> =
  generatorPrototype.throw;

/**
 * The model code of the CPUs. Built models call each other as plain functions (scripts/frames.mjs); when one must be
 * suspended, it and its callers return, `parked` on the way out with what they need to go on, and are put onto the CPU's
 * own call stack, so that resuming an access costs the same at any depth. `yield* f()` of what is a generator, or is not
 * known, comes here as `cpu.calls(f())`, or as `yield f()` where the CPU is not known: `f()` is a generator, or a function
 * that begins the call. What a function yields as its last act it returns instead: an access, whose result is then that of
 * the function, or a call (`Cpu.tailCall`).
 */
export class Coroutines {
  readonly #m: MachineState;
  readonly #waiting: Waiting;
  readonly #interrupts: Interrupts;

  constructor(m: MachineState, waiting: Waiting, interrupts: Interrupts) {
    this.#m = m;
    this.#waiting = waiting;
    this.#interrupts = interrupts;
  }

  /** Resumes model code with the result of its access, up to its next access or the end of its operations. */
  advance(cpu: Cpu, accessResult: number): void {
    const m = this.#m;
    const bit = 1 << cpu.id;
    m.running |= bit;
    let result: unknown = accessResult;
    try {
      while (true) {
        if (cpu.depth < 0 && !this.#nextOperation(cpu)) {
          m.running &= ~bit;
          return;
        }
        result = this.#run(cpu, cpu.frameBase, result);
        if (result === described) break;
        result = 0;
        m.progressed();
        if (!cpu.inHandler) this.#operationDone(cpu);
        else if (this.#interrupts.end(cpu)) break;
      }
    } catch (error) {
      // A violation stands, whatever model code throws on its way out.
      if (error === m.stop || m.violation !== null) return;
      throw error;
    }
    m.running &= ~bit;
    // Then the code was suspended by `RunLoop.runOn`, which has looked at the access already.
    if (m.decided >= 0 || m.violation !== null) return;
    this.#waiting.describes(cpu);
  }

  /**
   * Calls model code from inside model code, which waits for it on the stack of JavaScript itself: true if it came to its
   * end, with its result in `cpu.returned`. If not, the caller must be suspended too: the callee is parked by then.
   */
  call(cpu: Cpu, callee: Code): boolean {
    const m = this.#m;
    let frame = callee;
    let result: unknown = 0;
    try {
      while (true) {
        if (typeof frame === 'function') {
          const value = frame();
          if (value === described) {
            if (cpu.kind === Kind.None && m.violation === null) this.#badYield(cpu);
            return false;
          }
          if (cpu.kind !== Kind.None) m.forgottenYield(cpu);
          cpu.returned = value;
          return true;
        }
        const step = resume.call(frame, result);
        const { value } = step;
        if (value === described) {
          if (cpu.kind === Kind.None && m.violation === null) this.#badYield(cpu);
          // What ends with an access, or with a call that is suspended, is not resumed.
          if (step.done !== true) cpu.parks(frame);
          return false;
        }
        if (step.done !== true) {
          // A generator that is yielded instead of called; its caller may catch what it throws.
          try {
            if (!this.call(cpu, value as Code)) {
              cpu.parks(frame);
              return false;
            }
            result = cpu.returned;
          } catch (error) {
            frame = thrownInto(frame, error);
            result = 0;
          }
          continue;
        }
        if (cpu.kind !== Kind.None) m.forgottenYield(cpu);
        if (cpu.callsLast) {
          cpu.callsLast = false;
          frame = value as Code;
          result = 0;
          continue;
        }
        cpu.returned = value;
        return true;
      }
    } catch (error) {
      // Nobody can catch a violation: the caller is suspended for good.
      if (error === m.stop) return false;
      if (!isCode(frame)) this.#badYield(cpu);
      throw error;
    }
  }

  /** Runs what lies on the call stack of a CPU from `base` on until that ends (its result) or is suspended (`described`). */
  #run(cpu: Cpu, base: number, value: unknown): unknown {
    const { frames } = cpu;
    let result = value;
    while (true) {
      try {
        while (true) {
          const top = frames[cpu.depth];
          const { code } = top;
          if (typeof code === 'function') {
            cpu.returned = result;
            result = code(top, cpu);
            if (result === described) {
              if (cpu.kind === Kind.None && this.#m.violation === null) this.#badYield(cpu);
              // What ended with the access, or with a call that is suspended, does not go on; but that an operation is over
              // counts only after the access.
              if (cpu.parkedCount > 0 || cpu.depth > cpu.frameBase) cpu.depth--;
              else top.code = ended;
              cpu.unparks();
              return result;
            }
            if (cpu.kind !== Kind.None) this.#m.forgottenYield(cpu);
            if (cpu.depth-- === base) return result;
            continue;
          }
          const step = resume.call(code, result);
          result = step.value;
          if (result === described) {
            if (cpu.kind === Kind.None && this.#m.violation === null) this.#badYield(cpu);
            // An operation that ended with it is resumed once more: that it is over counts only after the access.
            if (step.done === true && cpu.depth > cpu.frameBase) cpu.depth--;
            cpu.unparks();
            return result;
          }
          // Of calls: what is no generator is noticed when it is resumed.
          if (step.done !== true) {
            cpu.begins(result as Code);
            continue;
          }
          if (cpu.kind !== Kind.None) this.#m.forgottenYield(cpu);
          if (cpu.callsLast) {
            cpu.callsLast = false;
            top.code = result as Code;
            continue;
          }
          if (cpu.depth-- === base) return result;
        }
      } catch (error) {
        if (error === this.#m.stop) throw error;
        this.#unwind(cpu, base, error);
        result = 0;
      }
    }
  }

  /** Starts the next operation of an idle CPU; returns false if there is none. */
  #nextOperation(cpu: Cpu): boolean {
    const m = this.#m;
    const list = m.operationsOf(cpu.id);
    const i = m.nextOperation[cpu.id];
    if (i >= list.length) {
      const bit = 1 << cpu.id;
      m.enabled &= ~bit;
      m.waiting &= ~bit;
      m.done |= bit;
      // A flush does not wait for a CPU that runs nothing.
      m.changed = EVERYTHING;
      return false;
    }
    m.nextOperation[cpu.id] = i + 1;
    cpu.operation = i;
    cpu.site = 0;
    const operation = list[i];
    if (m.observer !== null) m.observer.operation(cpu.id, operation.name, operation.args, true);
    cpu.begins(operation.start(cpu));
    return true;
  }

  #operationDone(cpu: Cpu): void {
    const m = this.#m;
    if (m.observer !== null) m.observer.operation(cpu.id, m.operationName(cpu), [], false);
    if (cpu.heldCount !== 0) {
      const { address } = cpu.held[0];
      const message = `${m.layout.nameOf(address)} is still held at the end of ${m.operationName(cpu)}`;
      m.violateNow('lock-order', message, cpu, address, []);
    }
    if (cpu.inAtomic() || cpu.irqsOff || cpu.rcuDepth !== 0) {
      throw new EngineError(`${m.operationName(cpu)} ends in atomic context`);
    }
  }

  /** Model code threw: its callers may catch that, as they would behind a real `yield*`. */
  #unwind(cpu: Cpu, base: number, error: unknown): void {
    if (cpu.depth >= 0 && !isCode(cpu.frames[cpu.depth].code)) this.#badYield(cpu);
    while (cpu.depth-- > base) {
      const caller = cpu.frames[cpu.depth];
      // Functions of built models catch nothing where they are suspended.
      if (typeof caller.code === 'function') continue;
      caller.code = thrownInto(caller.code, error);
      return;
    }
    throw error;
  }

  #badYield(cpu: Cpu): never {
    this.#m.fail(`${this.#m.operationName(cpu)}: yielded something that is not an access of its CPU`);
  }
}

/** A generator that goes on as a suspended one does into which an error is thrown. */
function* thrownInto(frame: Frame, error: unknown): Frame {
  let step = throwInto.call(frame, error);
  while (step.done !== true) step = resume.call(frame, yield step.value);
  return step.value;
}
