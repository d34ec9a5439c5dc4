// A litmus test with another question: the outcome that a user wants to see.

import { prepareSource } from './parse/source.ts';

/**
 * The text with `exists (outcome)` in place of its own condition. The outcome is written as a condition,
 * `1:r0=1 /\ x=0`, or as a final state is printed, `1:r0=1; [x]=0;`.
 */
export function withOutcome(text: string, outcome: string): string {
  const { code } = prepareSource(text);
  const conditions = [...code.matchAll(/(?:~\s*)?\b(?:exists|forall)\b/g)];
  const at = conditions.at(-1)?.index ?? text.length;
  const proposition = outcome
    .split(';')
    .map(part => part.trim())
    .filter(part => part !== '')
    .join(' /\\ ');
  return `${text.slice(0, at)}exists (${proposition})\n`;
}
