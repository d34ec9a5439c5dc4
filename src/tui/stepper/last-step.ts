import type { StepModel } from '../../report/steps/step-model.ts';
import { changeText, sideEffects, spellAll, stepText } from '../../report/steps/step-text.ts';
import { LABEL, labelled } from './label.ts';
import { fold, type Ranked } from './lines.ts';

/** Changes of one step that are worth a line where room is short. */
const FIRST_CHANGES = 2;
/** Below so many columns a long step is cut rather than folded. */
const NARROW = 40;

/** What the last step did, and what that changed; at the end, what the execution came to. */
export function lastStep(model: StepModel, position: number, columns: number): readonly Ranked[] {
  const lines: Ranked[] = [];
  const step = model.step(position - 1);
  if (step !== undefined && position !== model.start) {
    const number = model.numberOf(position - 1);
    const who = step.cpu < 0 ? 'end' : `CPU${step.cpu}`;
    const spelled = stepText(step, model.spell);
    const [did = '', ...more] =
      columns < NARROW ? [spelled] : fold(spelled, columns - LABEL - who.length - 1);
    lines.push({
      line: [
        ...labelled(`step ${number}`, `${who} `, step.cpu < 0 ? 'strong' : `cpu${step.cpu}`),
        { text: did, style: 'strong' },
      ],
      rank: 0,
    });
    for (const text of more)
      lines.push({ line: labelled('', `${' '.repeat(who.length + 1)}${text}`, 'strong'), rank: 1 });
    for (const [i, change] of step.changes.filter(one => !one.ghost).entries())
      lines.push({
        line: labelled('', changeText(change, model.spell), 'changed'),
        rank: i < FIRST_CHANGES ? 1 : 5,
      });
    for (const text of sideEffects(step, model.spell))
      lines.push({
        line: labelled('', text, / becomes visible$|count as later/.test(text) ? 'weak' : 'faint'),
        rank: 3,
      });
  } else {
    const begins = position === model.start ? 'the CPUs begin' : 'the setup begins';
    lines.push({ line: labelled('start', begins, 'strong'), rank: 0 });
    for (const [i, text] of model.setupCalls.entries())
      lines.push({ line: labelled(i === 0 ? 'before' : '', text), rank: i < FIRST_CHANGES ? 1 : 5 });
  }
  if (position === model.last) lines.push(...ending(model, columns));
  return lines;
}

function ending(model: StepModel, columns: number): readonly Ranked[] {
  const { violation, stepped } = model;
  if (violation !== null) {
    const text = spellAll(`*** ${violation.oracle}: ${violation.message}`, model.spell);
    const folded = fold(text, columns - LABEL);
    return [
      ...folded.map((part, i) => ({
        line: labelled(i === 0 ? 'end' : '', part, 'bad'),
        rank: i < 3 ? 0 : 2,
      })),
      ...violation.details
        .flatMap(detail => fold(spellAll(detail, model.spell), columns - LABEL))
        .map(part => ({ line: labelled('', part), rank: 4 })),
    ];
  }
  const style = stepped.diverged === null && stepped.verdict.verdict === 'clean' ? 'good' : 'bad';
  return fold(model.outcome, columns - LABEL).map((part, i) => ({
    line: labelled(i === 0 ? 'end' : '', part, style),
    rank: i < 2 ? 0 : 2,
  }));
}

/** Who acts next, if that is not a CPU with its access. */
export function nextActor(model: StepModel, position: number): readonly Ranked[] {
  const step = model.step(position);
  if (step === undefined || step.actor === 'cpu') return [];
  const text =
    step.actor === 'end' ? stepText(step, model.spell) : `CPU${step.cpu} ${stepText(step, model.spell)}`;
  return [{ line: labelled('> next', text, 'weak'), rank: 0 }];
}
