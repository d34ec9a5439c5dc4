import type { StepModel, WordNow } from '../../report/steps/step-model.ts';
import { cut, type Line } from './lines.ts';

/** Most of a line that the name of a word of memory takes. */
const NAME_SHARE = 0.4;

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
  const names = shown.map(word => (word.ghost ? word.location : model.spell(word.location)));
  const width = Math.min(Math.max(0, ...names.map(name => name.length)), Math.floor(columns * NAME_SHARE));
  const { delayed } = model.moment(position);
  return shown.map((word, i) => {
    const name = names[i] ?? '';
    const wanted = search !== '' && model.matches(word.location, search);
    return cut(
      [
        { text: '   ', style: 'plain' },
        ...cut(
          [{ text: name.padEnd(width), style: wanted ? 'here' : word.ghost ? 'faint' : 'plain' }],
          width,
        ),
        { text: `  ${word.value}`, style: word.was !== null ? 'changed' : word.ghost ? 'faint' : 'plain' },
        { text: word.was === null ? '' : `  (was ${word.was})`, style: 'faint' },
        { text: word.ghost ? '  (ghost)' : '', style: 'faint' },
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

/**
 * How much a word matters: searched for, changed just now, about to be used, judged, delayed or old somewhere. What oracles
 * keep stands behind all that accesses have changed.
 */
function scorer(model: StepModel, position: number, search: string): (word: WordNow) => number {
  const moment = model.moment(position);
  const next = new Set(moment.cpus.map(cpu => cpu.next?.address ?? 0));
  const weak = new Set([...moment.delayed.flat(), ...moment.older.flat()].map(one => one.address));
  const judged = model.violation?.address ?? 0;
  const points = (word: WordNow): number =>
    (word.was === null ? 0 : 16) +
    (next.has(word.address) ? 8 : 0) +
    (word.address === judged ? 4 : 0) +
    (weak.has(word.address) ? 2 : 0) +
    (word.since >= 0 ? 1 : 0);
  return word =>
    (search !== '' && model.matches(word.location, search) ? 32 : 0) +
    points(word) * (word.ghost ? 1 / 32 : 1);
}
