import type { Case } from '../../fuzz/case/case.ts';
import { verdictText } from '../../fuzz/case/case.ts';
import type { Replayed } from '../../fuzz/replay.ts';
import { boundTable, type Tried, triedText } from '../certainty.ts';
import { shellWord } from '../commands.ts';
import { diagram } from '../diagram.ts';
import { explain } from '../explain.ts';
import { html, type Markup } from '../markup.ts';
import { memoryText } from '../memory-text.ts';
import type { Subject } from '../subject.ts';
import { interleaving } from '../svg/interleaving.ts';
import { copyable, facts, wide } from './blocks.ts';

/** A case as a page shows it. */
export interface Finding {
  /** Anchor on the page. */
  readonly id: string;
  /** The case file, as commands name it. */
  readonly file: string;
  readonly case: Case;
  readonly text: string;
  readonly subject: Subject;
  readonly replayed: Replayed;
  /** Of a campaign: how often and when it was seen, and so on. */
  readonly provenance: readonly (readonly [name: string, value: string])[];
  /** What it shows that the file does not say; null if it is as recorded. */
  readonly doubt: string | null;
  readonly tried: readonly Tried[];
}

/** `tag-loss`, or the kind of verdict of a case that violates nothing. */
export function kindOf({ replayed }: Pick<Finding, 'replayed'>): string {
  return replayed.trace.violation?.oracle ?? replayed.verdict.verdict;
}

/** All about one case: what it is about, what happens, the drawing, the diagram, the case file, the commands. */
export function findingSection(finding: Finding): Markup {
  const { id, case: one, text, replayed, doubt } = finding;
  const { trace } = replayed;
  const story = explain(trace);
  return html`<article class="finding" id="${id}">
<h3>${kindOf(finding)} in ${finding.subject.design} (${one.memory})</h3>
<p>${trace.violation?.message ?? verdictText(replayed.verdict)}</p>
${doubt === null ? null : html`<p class="bad">${doubt}</p>`}
${about(finding)}
${story.length === 0 ? null : html`<h4>What happens</h4><ol>${story.map(step => html`<li>${step}</li>`)}</ol>`}
<h4>Interleaving</h4>
${wide(`Interleaving of ${id}`, interleaving(trace, `${id}-drawing`))}
${copyable('Diagram', `${id}-diagram`, diagram(trace))}
${copyable('Case file', `${id}-case`, text)}
${copyable('Commands', `${id}-commands`, commands(finding.file).join('\n'))}
${certainty(finding)}
</article>
`;
}

function about({ case: one, subject, provenance }: Finding): Markup {
  const { oracle, known } = subject;
  const doubt =
    known?.hazard === true ? '; derived from reading code, no kernel developer has confirmed it' : '';
  return facts([
    ['subsystem', subject.target],
    ...subject.parts.map(({ name, summary, origin }) => [name, `${summary} (${origin})`] as const),
    ['memory model', `${one.memory}: ${memoryText[one.memory]}`],
    ['rule', oracle === null ? null : `${oracle.title}. ${oracle.rule}`],
    ['known as', known === null ? null : `${known.id}: ${known.title} (${known.reference}${doubt})`],
    ['signature', one.expect.verdict === 'violation' ? html`<code>${one.expect.signature}</code>` : null],
    ...provenance,
  ]);
}

/** The exact commands, for a shell. */
function commands(file: string): readonly string[] {
  const name = shellWord(file);
  return [
    `npx pagestorm replay ${name} --diagram`,
    `npx pagestorm replay ${name} --step`,
    `npx pagestorm report ${name} --mail`,
    `npx pagestorm report ${name} --perfetto timeline.json`,
  ];
}

function certainty({ id, tried, replayed }: Finding): Markup | null {
  const [own, ...others] = tried;
  if (own === undefined) return null;
  const shown = replayed.trace.violation === null ? 'violated' : 'show it';
  const rest = others
    .map(one => [`${one.design} under ${one.memory}`, triedText(one)] as const)
    .filter(([, text]) => text !== '');
  return html`<h4>How sure is this</h4>
<p>Executions of this program within bounds; “all” where every one was run. Random ones: ${own.explored.shownSampled}
of ${own.explored.sampled}.</p>
${wide(`Bounds of ${id}`, html`<pre>${boundTable(own, shown).join('\n')}</pre>`)}
${rest.length === 0 ? null : html`<p>The same program elsewhere is violated in:</p>${facts(rest)}`}`;
}
