import type { StepModel, WordNow } from '../../report/steps/step-model.ts';
import {
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
} from '../../report/steps/step-text.ts';
import { cut, fold, type Line, line, type Ranked, type Style, sides, widthOf } from './lines.ts';
import { sourceLine } from './source.ts';

/** Columns of what a line is about: `   next  `. */
const LABEL = 11;
/** Changes of one step that are worth a line where room is short. */
const FIRST_CHANGES = 2;
/** Most of a line that the name of a word of memory takes. */
const NAME_SHARE = 0.4;
/** Ranks of the lines that say which older values a CPU may see. */
const OLDER_RANKS = [2, 4];

function labelled(label: string, text: string, style: Style = 'plain'): Line {
  return [
    { text: label.padStart(LABEL - 2).padEnd(LABEL), style: 'faint' },
    { text, style },
  ];
}

/** What the last step did, and what that changed; at the end, what the execution came to. */
export function lastStep(model: StepModel, position: number, columns: number): readonly Ranked[] {
  const lines: Ranked[] = [];
  const step = model.step(position - 1);
  if (step !== undefined && position !== model.start) {
    const number = model.numberOf(position - 1);
    const who = step.cpu < 0 ? 'end' : `CPU${step.cpu}`;
    const did: Line = [
      { text: `step ${number}`.padStart(LABEL - 2).padEnd(LABEL), style: 'faint' },
      { text: `${who} `, style: step.cpu < 0 ? 'strong' : `cpu${step.cpu}` },
      { text: stepText(step, model.spell), style: 'strong' },
    ];
    lines.push({ line: did, rank: 0 });
    for (const [i, change] of step.changes.entries())
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

/** Each CPU: its operation and context, its next access, its locks, its delayed stores, what it could read that is old. */
export function cpuPanel(model: StepModel, position: number, columns: number): readonly Ranked[] {
  const moment = model.moment(position);
  const step = model.step(position);
  return moment.cpus.flatMap((cpu, c): readonly Ranked[] => {
    const acts = step?.actor === 'cpu' && step.cpu === c;
    const waitsForSetup = position < model.start && c > 0;
    const idle = cpu.next === null;
    const running = cpu.running.join('  ');
    const doing = waitsForSetup
      ? 'begins after the setup'
      : running === ''
        ? nextText(cpu, model.spell)
        : running;
    const head: Line = [
      { text: acts ? ' > ' : '   ', style: 'strong' },
      { text: `CPU${c}`, style: `cpu${c}` },
      { text: `  ${doing}`, style: 'plain' },
    ];
    const context = line(contextText(cpu.context), cpu.context.maySleep ? 'faint' : 'plain');
    const lines: Ranked[] = [
      { line: idle || widthOf(head) > columns - 12 ? head : sides(head, context, columns), rank: 0 },
    ];
    const add = (rank: number, label: string, text: string, style: Style = 'plain'): void => {
      if (text !== '') lines.push({ line: labelled(label, text, style), rank });
    };
    if (idle && running !== '')
      lines.push({ line: labelled('next', nextText(cpu, model.spell), 'faint'), rank: 1 });
    if (cpu.next !== null) {
      const note = nextNote(moment, c, model.spell);
      const next = nextText(cpu, model.spell);
      const long = note !== '' && LABEL + next.length + 3 + note.length > columns;
      lines.push({
        line: [
          ...labelled('next', next, acts ? 'strong' : 'plain'),
          ...(note === '' || long ? [] : [{ text: `   ${note}`, style: 'weak' as const }]),
        ],
        rank: 0,
      });
      if (long) add(1, '', note, 'weak');
      const { place } = cpu.next;
      const source = sourceLine(place);
      if (place.func !== '')
        lines.push({
          line: [
            ...labelled('at', `${place.func} ${place.file}:${place.line}`, 'faint'),
            { text: source === '' ? '' : `  ${source}`, style: 'plain' },
          ],
          rank: 6,
        });
    }
    add(1, 'delays', delayedTexts(moment, c, model.spell).join('; '), 'weak');
    const older = olderTexts(model, position, c);
    const seen = older.used.length + older.others.length;
    for (const [i, text] of fold(older.used.join('; '), columns - LABEL).entries())
      add(OLDER_RANKS[i] ?? 7, i === 0 ? 'may see' : '', text, 'weak');
    for (const [i, text] of fold(older.others.join('; '), columns - LABEL).entries())
      add(7, i === 0 && seen === older.others.length ? 'may see' : '', text, 'faint');
    add(3, 'holds', cpu.held.map(name => spellAll(name, model.spell)).join(', '));
    add(3, 'TLB', tlbTexts(moment, c).join('; '), 'weak');
    return lines;
  });
}

/** The words of memory that matter most at a position, in the order of their addresses. */
export function memoryPanel(
  model: StepModel,
  position: number,
  search: string,
  columns: number,
  height: number,
): readonly Line[] {
  const words = model.memory(position);
  const score = scorer(model, position, search);
  const chosen = new Set(
    words
      .map(word => ({ word, points: score(word) }))
      .sort((a, b) => b.points - a.points || b.word.since - a.word.since)
      .slice(0, Math.max(0, height))
      .map(({ word }) => word),
  );
  const shown = words.filter(word => chosen.has(word));
  const names = shown.map(word => model.spell(word.location));
  const width = Math.min(Math.max(0, ...names.map(name => name.length)), Math.floor(columns * NAME_SHARE));
  const { delayed } = model.moment(position);
  return shown.map((word, i) => {
    const name = names[i] ?? '';
    const wanted = search !== '' && model.matches(word.location, search);
    return cut(
      [
        { text: '   ', style: 'plain' },
        ...cut([{ text: name.padEnd(width), style: wanted ? 'here' : 'plain' }], width),
        { text: `  ${word.value}`, style: word.was === null ? 'plain' : 'changed' },
        { text: word.was === null ? '' : `  (was ${word.was})`, style: 'faint' },
        ...delayed.flatMap((stores, cpu) =>
          stores
            .filter(one => one.address === word.address)
            .map(one => ({ text: `  CPU${cpu} delays ${one.value}`, style: 'weak' as const })),
        ),
      ],
      columns,
    );
  });
}

/** How much a word matters: searched for, changed just now, about to be used, judged, delayed or old somewhere. */
function scorer(model: StepModel, position: number, search: string): (word: WordNow) => number {
  const moment = model.moment(position);
  const next = new Set(moment.cpus.map(cpu => cpu.next?.address ?? 0));
  const weak = new Set([...moment.delayed.flat(), ...moment.older.flat()].map(one => one.address));
  const judged = model.violation?.address ?? 0;
  return word =>
    (search !== '' && model.matches(word.location, search) ? 32 : 0) +
    (word.was === null ? 0 : 16) +
    (next.has(word.address) ? 8 : 0) +
    (word.address === judged ? 4 : 0) +
    (weak.has(word.address) ? 2 : 0) +
    (word.since >= 0 ? 1 : 0);
}
