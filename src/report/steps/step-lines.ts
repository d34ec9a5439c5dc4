import type { Moment } from '../../fuzz/steps/steps.ts';
import type { Spell } from '../location.ts';
import type { StepModel } from './step-model.ts';
import {
  callbackTexts,
  changeText,
  contextText,
  delayedTexts,
  nextNote,
  nextText,
  olderTexts,
  sideEffects,
  spellAll,
  stepText,
  tlbTexts,
} from './step-text.ts';

/** Where an execution is, in plain lines: the last step and what it changed, then each CPU. */
export function momentLines(model: StepModel, position: number): readonly string[] {
  const facts = [...cpuFacts(model, position)].map(([what, text]) => factLine(what, text));
  return [...stepLines(model, position), ...facts, ...endLines(model, position)];
}

/** All steps of an execution, the setup's included; of the CPUs what is not as it was. */
export function everyStep(model: StepModel): readonly string[] {
  const lines: string[] = [];
  let known = new Map<string, string>();
  for (let position = 0; position <= model.last; position++) {
    const facts = cpuFacts(model, position);
    lines.push(...stepLines(model, position));
    for (const [what, text] of facts) if (known.get(what) !== text) lines.push(factLine(what, text));
    for (const what of known.keys()) if (!facts.has(what)) lines.push(...over(what));
    lines.push(...endLines(model, position));
    known = facts;
  }
  return lines;
}

/** What to say of a list that has become empty. */
function over(what: string): readonly string[] {
  return what.endsWith(' context') ? [] : [factLine(what, 'nothing any more')];
}

function stepLines(model: StepModel, position: number): readonly string[] {
  const step = model.step(position - 1);
  const begin =
    position === model.start
      ? [`${model.label(position)}: the CPUs begin`]
      : position === 0
        ? ['the setup begins']
        : [];
  if (step === undefined) return begin;
  const number = position > model.start ? model.label(position) : `setup step ${position} of ${model.start}`;
  const who = step.cpu < 0 ? '' : `CPU${step.cpu} `;
  return [
    `${number}: ${who}${stepText(step, model.spell)}`,
    ...step.changes.map(
      change => `  ${change.ghost ? 'ghost' : 'memory'}: ${changeText(change, model.spell)}`,
    ),
    ...sideEffects(step, model.spell).map(text => `  ${text}`),
    ...begin,
  ];
}

/** What is to be said of each CPU, by what it is about: `CPU1 holds`. */
function cpuFacts(model: StepModel, position: number): Map<string, string> {
  const { spell } = model;
  const moment = model.moment(position);
  const facts = new Map<string, string>();
  for (const [c, cpu] of moment.cpus.entries()) {
    // In the setup CPU 0 is alone.
    if (position < model.start && c > 0) continue;
    const running = cpu.running.length === 0 ? '' : ` ${cpu.running.join(', ')}`;
    facts.set(
      `CPU${c}`,
      `${running}: ${cpu.next === null ? '' : 'next '}${nextText(cpu, spell)}${noted(moment, c, spell)}`,
    );
    if (cpu.next !== null) facts.set(`CPU${c} context`, contextText(cpu.context));
    const older = olderTexts(model, position, c);
    for (const [what, texts] of [
      ['holds', cpu.held.map(one => spellAll(one, spell))],
      ['delays', delayedTexts(moment, c, spell)],
      ['may see', [...older.used, ...older.others]],
      ['TLB', tlbTexts(moment, c)],
      ['RCU', callbackTexts(moment, c, spell)],
    ] as const) {
      if (texts.length > 0) facts.set(`CPU${c} ${what}`, texts.join('; '));
    }
  }
  return facts;
}

/** What is remarkable about the next access of a CPU, and where the model makes it. */
function noted(moment: Moment, cpu: number, spell: Spell): string {
  const note = nextNote(moment, cpu, spell);
  const place = moment.cpus[cpu]?.next?.place;
  const where = place === undefined || place.func === '' ? '' : `, ${place.func} ${place.file}:${place.line}`;
  return `${note === '' ? '' : ` (${note})`}${where}`;
}

function factLine(what: string, text: string): string {
  return `  ${what}${text.startsWith(' ') || text.startsWith(':') ? '' : ' '}${text}`;
}

function endLines(model: StepModel, position: number): readonly string[] {
  if (position < model.last) return [];
  const { violation } = model;
  return [
    ...(violation === null
      ? []
      : [`*** ${violation.oracle}: ${violation.message}`, ...violation.details].map(text =>
          spellAll(text, model.spell),
        )),
    `end: ${model.outcome}`,
  ];
}
