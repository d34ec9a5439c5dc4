import { describe, expect, it } from 'vitest';
import { Layout, watched } from '../../src/engine/layout.ts';
import { Machine } from '../../src/engine/machine.ts';
import { memoryModels, memoryNames } from '../../src/engine/memory/index.ts';
import { End } from '../../src/engine/program.ts';
import { type Body, calm, programOf } from './run.ts';

const layout = new Layout();
const w = layout.struct('w', { x: watched(5) });

for (const memory of memoryNames) {
  describe(`a watched word under ${memory}`, () => {
    it('shows stores and successful read-modify-writes as they reach memory, and no failed ones', () => {
      const machine = new Machine(layout, { cpus: 1, memory: memoryModels[memory] });
      const seen: string[] = [];
      machine.watcher = (_address, old, value) => seen.push(`${old}>${value}`);
      const body: Body = function* (cpu) {
        yield cpu.writeOnce(w.x, 1);
        yield cpu.xchg(w.x, 2);
        yield cpu.cmpxchg(w.x, 1, 9);
        yield cpu.cmpxchg(w.x, 2, 3);
        yield cpu.setBit(2, w.x);
      };
      machine.run(programOf([body]), calm);
      expect(seen).toEqual(['5>1', '1>2', '2>3', '3>7']);
    });
    it('may end the execution', () => {
      const machine = new Machine(layout, { cpus: 1, memory: memoryModels[memory] });
      machine.watcher = (address, _old, value, cpu, site) => {
        if (value === 2) machine.report('tag-loss', 'lost', cpu, address, [site]);
      };
      const body: Body = function* (cpu) {
        yield cpu.writeOnce(w.x, 1);
        yield cpu.xchg(w.x, 2);
        yield cpu.writeOnce(w.x, 3);
      };
      expect(machine.run(programOf([body]), calm)).toBe(End.Violation);
      expect(machine.violation?.message).toBe('lost');
      expect(machine.peek(w.x)).toBe(2);
    });
  });
}
