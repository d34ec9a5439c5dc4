import { describe, expect, it } from 'vitest';
import { type Case, verdictText } from '../../../src/fuzz/case/case.ts';
import { SharedWords, Sweep } from '../../../src/fuzz/minimize/sweep.ts';
import { executorOf, shippedCase } from './cases.ts';

/** As if every word were used by two CPUs: nothing is left out. */
class AllWords extends SharedWords {
  override has(): boolean {
    return true;
  }
}

/** What the executions of a case's program with at most so many answers that are not calm show, and how many there are. */
function swept(one: Case, most: number, words: SharedWords): { verdicts: string[]; executions: number } {
  const executor = executorOf(one);
  const sweep = new Sweep(most, null, words);
  const verdicts = new Set<string>();
  let executions = 0;
  do {
    verdicts.add(verdictText(executor.judge(one.program, sweep)));
    executions++;
  } while (sweep.next());
  return { verdicts: [...verdicts].sort(), executions };
}

describe('going through the executions of a program from the calm ones on', () => {
  it.each([
    ['mte-sync/H14', 2],
    ['mte-sync/H2', 2],
    ['guest-memfd/A3-9d', 2],
    ['tag-migration/M1', 2],
    ['stage2-memtype/B3-6-move', 2],
  ])('loses nothing of %s by leaving CPUs only at words that they share', (name, most) => {
    const one = shippedCase(name);
    const shared = new SharedWords();
    for (let few = 0; few < most; few++) swept(one, few, shared);
    const all = swept(one, most, new AllWords());
    const few = swept(one, most, shared);
    expect(few.verdicts).toEqual(all.verdicts);
    expect(few.executions).toBeLessThan(all.executions);
  });
});
