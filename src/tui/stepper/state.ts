import type { Direction, StepModel } from '../../report/steps/step-model.ts';

/** A key: the character it types, or its name. */
export type Key =
  | 'right'
  | 'left'
  | 'up'
  | 'down'
  | 'pageup'
  | 'pagedown'
  | 'home'
  | 'end'
  | 'enter'
  | 'escape'
  | 'backspace'
  | { readonly typed: string };

/** What the user sees of an execution, and what he is about to say. */
export interface StepperState {
  readonly position: number;
  /** The line that is being typed. */
  readonly prompt: { readonly kind: 'search' | 'goto'; readonly text: string } | null;
  /** Locations searched for; empty if none. */
  readonly search: string;
  /** What came of the last key, if that needs words. */
  readonly message: string;
  readonly help: boolean;
  readonly closed: boolean;
}

/** Steps that a page is. */
const PAGE = 10;

export function firstState(model: StepModel): StepperState {
  return { position: model.start, prompt: null, search: '', message: '', help: false, closed: false };
}

/** What a key does. */
export function press(model: StepModel, state: StepperState, key: Key): StepperState {
  const calm = { ...state, message: '' };
  if (state.prompt !== null) return typed(model, calm, state.prompt, key);
  if (state.help) return { ...calm, help: false };
  const by = (steps: number): StepperState => moved(model, calm, steps);
  switch (key) {
    case 'right':
    case 'down':
    case 'enter':
      return by(1);
    case 'left':
    case 'up':
    case 'backspace':
      return by(-1);
    case 'pagedown':
      return by(PAGE);
    case 'pageup':
      return by(-PAGE);
    case 'home':
      return toStart(model, calm);
    case 'end':
      return { ...calm, position: model.last };
    case 'escape':
      return state.search === '' ? { ...calm, closed: true } : { ...calm, search: '' };
    default:
      return command(model, calm, key.typed);
  }
}

function command(model: StepModel, state: StepperState, typed: string): StepperState {
  const { position } = state;
  const jump = (to: number, what: string): StepperState =>
    to < 0 ? { ...state, message: what } : { ...state, position: to };
  switch (typed) {
    case ' ':
    case 'l':
    case 'j':
      return moved(model, state, 1);
    case 'h':
    case 'k':
      return moved(model, state, -1);
    case '<':
      return toStart(model, state);
    case '>':
    case 'G':
      return { ...state, position: model.last };
    case 'o':
      return jump(model.operation(position, 1), 'no operation begins after this');
    case 'O':
      return jump(model.operation(position, -1), 'no operation begins before this');
    case 's':
      return jump(model.switch(position, 1), 'no other CPU goes on after this');
    case 'S':
      return jump(model.switch(position, -1), 'no other CPU went on before this');
    case 'w':
      return jump(model.weak(position, 1), `nothing is delayed or stale after this (${memoryOf(model)})`);
    case 'W':
      return jump(model.weak(position, -1), `nothing was delayed or stale before this (${memoryOf(model)})`);
    case 'v':
      return model.violation === null
        ? { ...state, message: `there is no violation: ${model.outcome}` }
        : { ...state, position: model.last };
    case '/':
      return { ...state, prompt: { kind: 'search', text: '' } };
    case 'n':
      return found(model, state, 1);
    case 'N':
      return found(model, state, -1);
    case 'g':
      return { ...state, prompt: { kind: 'goto', text: '' } };
    case '?':
      return { ...state, help: true };
    case 'q':
      return { ...state, closed: true };
    default:
      return { ...state, message: `"${typed}" is no key here; ? lists them` };
  }
}

function memoryOf(model: StepModel): string {
  return `memory ${model.stepped.execution.trace.memory}`;
}

function moved(model: StepModel, state: StepperState, steps: number): StepperState {
  const position = model.clamp(state.position + steps);
  if (position !== state.position) return { ...state, position };
  return { ...state, message: steps > 0 ? `this is the end: ${model.outcome}` : 'this is the beginning' };
}

/** To where the CPUs begin; from there, or from before it, to the beginning of the setup. */
function toStart(model: StepModel, state: StepperState): StepperState {
  return { ...state, position: state.position > model.start ? model.start : 0 };
}

function typed(
  model: StepModel,
  state: StepperState,
  prompt: { readonly kind: 'search' | 'goto'; readonly text: string },
  key: Key,
): StepperState {
  const { kind, text } = prompt;
  if (key === 'escape') return { ...state, prompt: null };
  if (key === 'backspace') {
    return text === '' ? { ...state, prompt: null } : { ...state, prompt: { kind, text: text.slice(0, -1) } };
  }
  if (key === 'enter') {
    const done = { ...state, prompt: null };
    if (text.trim() === '') return done;
    return kind === 'search'
      ? found(model, { ...done, search: text.trim() }, 1)
      : wentTo(model, done, text.trim());
  }
  if (typeof key === 'string') return state;
  return { ...state, prompt: { kind, text: text + key.typed } };
}

function found(model: StepModel, state: StepperState, direction: Direction): StepperState {
  const { search, position } = state;
  if (search === '') return { ...state, message: 'search for a location first: / and part of its name' };
  const names = model.locations(search);
  if (names.length === 0) return { ...state, search: '', message: `no location is named like "${search}"` };
  const to = model.using(search, position, direction);
  const where = direction > 0 ? 'after' : 'before';
  return to < 0
    ? { ...state, message: `no step uses "${search}" ${where} this` }
    : { ...state, position: to };
}

function wentTo(model: StepModel, state: StepperState, text: string): StepperState {
  if (!/^\d+$/.test(text)) return { ...state, message: `"${text}" is no number of a step` };
  const position = model.afterStep(Number(text));
  const steps = model.last - model.start;
  const message = Number(text) > steps ? `there are ${steps} steps` : '';
  return { ...state, position, message };
}
