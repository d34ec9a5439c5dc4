import { caseDesign } from '../../fuzz/case/case.ts';
import type { Stepped } from '../../fuzz/steps/steps.ts';
import { momentLines } from '../../report/steps/step-lines.ts';
import { StepModel } from '../../report/steps/step-model.ts';
import { keys } from './help.ts';
import { firstState, press, type StepperState } from './state.ts';

/**
 * The stepper for screen readers: commands, which are the keys of the screen, and plain lines. Nothing is drawn, so
 * nothing is ever drawn anew.
 */
export class LineStepper {
  readonly #model: StepModel;
  #state: StepperState;

  constructor(stepped: Stepped) {
    this.#model = new StepModel(stepped);
    this.#state = firstState(this.#model);
  }

  get closed(): boolean {
    return this.#state.closed;
  }

  greeting(): readonly string[] {
    const { case: one } = this.#model.stepped;
    return [
      `${caseDesign(one)} under ${one.memory}, ${this.#model.last - this.#model.start} steps: ${this.#model.outcome}`,
      'Commands: Enter one step forwards, h backwards, g 12 go to step 12, / and a name search, ? all of them, q leave.',
      ...momentLines(this.#model, this.#state.position),
    ];
  }

  /** Does what a line says: nothing is one step forwards; else each letter is a key, and `/` and `g` take the rest. */
  command(text: string): readonly string[] {
    const before = this.#state;
    for (const typed of text.trim()) this.#state = press(this.#model, this.#state, { typed });
    if (text.trim() === '' || this.#state.prompt !== null)
      this.#state = press(this.#model, this.#state, 'enter');
    const { position, message, help, search, closed } = this.#state;
    if (closed) return [];
    if (help) {
      this.#state = { ...this.#state, help: false };
      return keys.map(([names, what]) => `${names}: ${what}`);
    }
    const stays = position === before.position && search === before.search;
    return [...(message === '' ? [] : [message]), ...(stays ? [] : momentLines(this.#model, position))];
  }
}
