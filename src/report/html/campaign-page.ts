import { number } from '../certainty.ts';
import { html, type Markup } from '../markup.ts';
import { duration } from '../svg/chart.ts';
import { facts, table } from './blocks.ts';
import type { CampaignReport, Instance } from './campaign.ts';
import { curves } from './curves.ts';
import { type Finding, findingSection, kindOf } from './finding.ts';
import { legend } from './legend.ts';
import { page } from './page.ts';
import { verdicts } from './verdicts.ts';
import { coverage, strategies } from './yields.ts';

/** The page about a campaign. */
export function campaignPage(report: CampaignReport): string {
  const { findings, instances, dir, version } = report;
  const executions = sum(instances, one => one.snapshot?.status.counters.executions ?? 0);
  const many = `${findings.length === 0 ? 'no' : findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`;
  return page(
    `Pagestorm: ${many} in ${dir}`,
    html`<header><h1>Campaign ${dir}: ${many}</h1>
<p class="faint">By pagestorm ${version}. ${number(executions)} executions. A finding is about the protocol as written in
the model, under the memory model named, not about a kernel that ran. That nothing was found is evidence, not proof.</p>
${contents(report)}</header>
<main>
${problems(report)}
<section id="run"><h2>What was run</h2>${instances.map(run)}</section>
<section id="verdicts"><h2>Verdicts</h2>${verdicts(report)}</section>
<section id="time"><h2>Over time</h2>${curves(instances)}</section>
<section id="strategies"><h2>Strategies</h2>${strategies(instances)}</section>
<section id="coverage"><h2>Coverage</h2>${coverage(instances)}</section>
<section id="findings"><h2>Findings</h2>${
      findings.length === 0
        ? html`<p>None.</p>`
        : html`${list(findings)}
${legend()}
${findings.map(findingSection)}`
    }</section>
</main>`,
  );
}

function contents({ findings }: CampaignReport): Markup {
  const sections = [
    ['run', 'What was run'],
    ['verdicts', 'Verdicts'],
    ['time', 'Over time'],
    ['strategies', 'Strategies'],
    ['coverage', 'Coverage'],
    ['findings', `Findings (${findings.length})`],
  ];
  const links = sections.map(
    ([id = '', title = ''], i) => html`${i === 0 ? null : ' · '}<a href="#${id}">${title}</a>`,
  );
  return html`<nav aria-label="Sections">${links}</nav>`;
}

function problems({ unreadable, notes }: CampaignReport): Markup | null {
  if (unreadable.length + notes.length === 0) return null;
  const lines = [...unreadable.map(({ file, reason }) => `${file}: ${reason}`), ...notes];
  return html`<section id="problems"><h2>What could not be shown</h2>
<ul class="bad">${lines.map(line => html`<li>${line}</li>`)}</ul></section>`;
}

function run(instance: Instance, _: number, all: readonly Instance[]): Markup {
  const { name, dir, config, command, alive, snapshot } = instance;
  const counters = snapshot?.status.counters;
  const began = counters === undefined || counters.startTime === 0 ? null : date(counters.startTime);
  const state = snapshot === null ? (alive ? 'running' : 'not running') : stateOf(instance);
  const jobs = config.jobs.map(({ design, memory, size, ops }) => [
    design,
    memory,
    size.cpus,
    size.pages,
    size.mms,
    ops.length === 0 ? 'all' : ops.join(', '),
  ]);
  return html`${all.length > 1 ? html`<h3>${name}</h3>` : null}
${facts([
  ['directory', dir],
  ['command', html`<code>${command}</code>`],
  ['state', state],
  ['began', began],
  ['ran for', counters === undefined ? null : duration(counters.runSeconds)],
  ['executions', counters === undefined ? null : number(counters.executions)],
  ['accesses', counters === undefined ? null : number(counters.accesses)],
  ['seed', `${config.seed}${config.deterministic ? ' (deterministic)' : ''}`],
  ['pagestorm', config.pagestorm],
])}
${table(
  'Designs',
  [
    { title: 'design' },
    { title: 'memory' },
    { title: 'CPUs', number: true },
    { title: 'pages', number: true },
    { title: 'address spaces', number: true },
    { title: 'operations' },
  ],
  jobs,
)}`;
}

/** What it is at; a snapshot of a process that is gone says what it was at. */
function stateOf({ snapshot, alive }: Instance): string {
  if (snapshot === null) return '';
  const { state, reason, status } = snapshot;
  if (state === 'ended') return `ended${reason === null ? '' : `: ${reason}`}`;
  return alive
    ? `${state} (figures of ${date(status.now)})`
    : `ended without a word while ${state}; --resume goes on`;
}

function date(unix: number): string {
  return `${new Date(1000 * unix).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function list(findings: readonly Finding[]): Markup {
  const items = findings.map(finding => {
    const { id, subject, case: one, replayed } = finding;
    const message = replayed.trace.violation?.message ?? replayed.verdict.verdict;
    return html`<li><a href="#${id}">${kindOf(finding)}</a> in ${subject.design} (${one.memory}): ${message}</li>`;
  });
  return html`<ol>${items}</ol>`;
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
