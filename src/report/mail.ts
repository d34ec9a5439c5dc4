import { Kind } from '../engine/access.ts';
import type { Case } from '../fuzz/case/case.ts';
import type { Replayed } from '../fuzz/replay.ts';
import { beyondText, boundTable, number, scopeText, type Tried, triedText } from './certainty.ts';
import { reproduction } from './commands.ts';
import { diagram } from './diagram.ts';
import { explain } from './explain.ts';
import { memoryText } from './memory-text.ts';
import type { Subject } from './subject.ts';
import { MAIL_WIDTH, wrap } from './wrap.ts';

/** All that the mail about a case says. */
export interface MailInput {
  readonly case: Case;
  /** The case file. */
  readonly text: string;
  readonly subject: Subject;
  readonly replayed: Replayed;
  /** The program on its own design first, then under sc and on fixed designs; empty if nothing was run. */
  readonly tried: readonly Tried[];
  readonly version: string;
}

/** Where the case ends in a mail, as `git format-patch` and `scissors` know it. */
const BEGIN = '-- >8 -- case.yaml -- >8 --';
const END = '-- 8< --';

/** A case as a plain mail to a list: at most 76 columns, no times, no paths. */
export function mail(input: MailInput): string {
  const { replayed } = input;
  const violated = replayed.trace.violation !== null;
  const sections: readonly (readonly string[])[] = [
    [...subjectLine(input), '', ...opening(input)],
    ...(violated ? [titled('What happens', story(input))] : []),
    ...(replayed.trace.events.length > 0 ? [titled('Diagram', diagram(replayed.trace).split('\n'))] : []),
    titled('How to reproduce', reproduction(input.case)),
    titled('How sure is this', certainty(input)),
    [BEGIN, ...caseLines(input.text), END],
  ];
  return `${sections.map(lines => lines.join('\n')).join('\n\n')}\n`;
}

function titled(title: string, lines: readonly string[]): readonly string[] {
  return [title, '-'.repeat(title.length), ...lines];
}

function subjectLine({ case: one, subject, replayed }: MailInput): readonly string[] {
  const oracle = replayed.trace.violation?.oracle ?? replayed.verdict.verdict;
  return wrap(`Subject: [pagestorm] ${subject.design}: ${oracle} (${one.memory})`, 0, 1);
}

function opening({ case: one, subject, replayed }: MailInput): readonly string[] {
  const { violation } = replayed.trace;
  const title = violation === null ? undefined : subject.oracle?.title;
  const what =
    violation === null
      ? `${subject.design} shows no violation in the execution below.`
      : `${subject.design} fails${title === undefined ? '' : ` with "${title}"`}: ${violation.message}.`;
  return [
    ...wrap(what, 0, 0),
    '',
    ...field('Subsystem', subject.target),
    ...subject.parts.flatMap(({ name, summary, origin }) => [
      ...field(name.startsWith('+') ? 'Changed' : 'Design', `${name}: ${summary}`),
      ...field('  from', origin),
    ]),
    ...field('Memory', `${one.memory}: ${memoryText[one.memory]}`),
    ...known(subject),
  ];
}

function known({ known: entry }: Subject): readonly string[] {
  if (entry === null) return [];
  const doubt = entry.hazard ? ' (derived from reading code; no kernel developer has confirmed it)' : '';
  return [...field('Known as', `${entry.id}: ${entry.title}${doubt}`), ...field('  from', entry.reference)];
}

/** `Design:    text`, what follows aligned. */
function field(name: string, text: string): readonly string[] {
  const label = `${name}:`.padEnd(11);
  return wrap(`${label}${text}`.replace(/\s*\n\s*/g, ' '), 0, 11);
}

function story({ subject, replayed }: MailInput): readonly string[] {
  const steps = explain(replayed.trace).flatMap((text, i) =>
    wrap(`${String(i + 1).padStart(2)}. ${text}`, 0, 3),
  );
  const rule = subject.oracle === null ? [] : ['', ...wrap(`The rule: ${subject.oracle.rule}`, 0, 0)];
  return [...steps, ...rule];
}

function certainty({ case: one, subject, replayed, tried, version }: MailInput): readonly string[] {
  const [own, ...others] = tried;
  const again = `The execution was run twice for this mail by pagestorm ${version}, ${replayed.accesses} accesses, with the same result in every word of memory.`;
  const violated = replayed.trace.violation !== null;
  const lines = [...item(again), ...item(reordered(replayed))];
  if (own !== undefined) {
    const table = boundTable(own, violated ? 'show it' : 'violated').map(line => `    ${line}`);
    lines.push(...item(scopeText(own.explored)), '', ...table, '');
    const beyond = violated ? beyondText(own.explored) : null;
    if (beyond !== null) lines.push(...item(beyond));
    const { sampled, shownSampled } = own.explored;
    const verb = violated ? 'show it' : 'violate a rule';
    if (sampled > 0) {
      const share = `${number(shownSampled)} of ${number(sampled)}`;
      lines.push(...item(`Sampled: ${share} random executions of the program ${verb}.`));
    }
  }
  for (const other of others) {
    const where =
      other.design === subject.design ? `Under ${other.memory}` : `The same program on ${other.design}`;
    const text = triedText(other);
    if (text !== '') lines.push(...item(`${where}: violated in ${text}.`));
  }
  lines.push(
    ...item(
      `This is about the protocol as the model has it, not about a kernel that ran. What the model leaves out: docs/${one.target}.md of pagestorm.`,
    ),
  );
  return lines;
}

function item(text: string): readonly string[] {
  return wrap(`* ${text}`, 0, 2);
}

/** Whether memory took part, or the order of the accesses alone. */
function reordered({ trace }: Replayed): string {
  const violated = trace.violation !== null;
  const accesses = trace.events.filter(event => event.type === 'access');
  const counts = [
    [accesses.filter(event => event.delayed).length, 'delayed store', 'delayed stores'],
    [accesses.filter(event => event.stale > 0).length, 'stale load', 'stale loads'],
    [accesses.filter(event => event.cached).length, 'TLB hit on an old entry', 'TLB hits on old entries'],
    [
      accesses.filter(event => event.failed && event.kind === Kind.Alloc).length,
      'failed allocation',
      'failed allocations',
    ],
  ] as const;
  const parts = counts.flatMap(([n, single, plural]) =>
    n === 0 ? [] : [`${n} ${n === 1 ? single : plural}`],
  );
  return parts.length === 0
    ? `Nothing is reordered in it${violated ? ': the interleaving alone does it' : ''}.`
    : `${violated ? 'It takes' : 'In it there are'} ${parts.join(', ')}.`;
}

/** Breaks lines that are longer than a mail is wide where YAML reads the same: at spaces, with the rest further in. */
function caseLines(text: string): readonly string[] {
  return text
    .trimEnd()
    .split('\n')
    .flatMap(line => {
      if (line.length <= MAIL_WIDTH) return [line];
      if (!line.startsWith('#')) return wrap(line, 0);
      return wrap(line.replace(/^#\s*/, ''), 0, 0, MAIL_WIDTH - 2).map(part => `# ${part}`);
    });
}
