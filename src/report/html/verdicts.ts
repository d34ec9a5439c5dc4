import { number } from '../certainty.ts';
import { html, type Markup } from '../markup.ts';
import { table } from './blocks.ts';
import type { CampaignReport } from './campaign.ts';
import { kindOf } from './finding.ts';

/** Designs by oracles: what was violated, and in how many executions nothing was. */
export function verdicts({ instances, findings, unreadable }: CampaignReport): Markup {
  const rows = new Map<
    string,
    { readonly design: string; readonly memory: string; executions: number | null }
  >();
  for (const { config, snapshot } of instances) {
    for (const { design, memory } of config.jobs) {
      const key = `${design} ${memory}`;
      const ran = snapshot?.designs.find(one => one.design === design && one.memory === memory)?.executions;
      const row = rows.get(key) ?? { design, memory, executions: 0 };
      if (ran === undefined) row.executions = null;
      else if (row.executions !== null) row.executions += ran;
      rows.set(key, row);
    }
  }
  const kinds = [...new Set(findings.map(kindOf))].sort();
  const columns = ['design', 'memory', 'executions', ...kinds, 'all other oracles'];
  const cells = [...rows.values()].map(({ design, memory, executions }) => {
    const none = executions === null ? 'none' : `0 in ${number(executions)}`;
    const own = findings.filter(one => one.subject.design === design && one.case.memory === memory);
    return [
      design,
      memory,
      executions === null ? '?' : number(executions),
      ...kinds.map(kind => {
        const hits = own.filter(one => kindOf(one) === kind);
        if (hits.length === 0) return html`<td class="none">${none}</td>`;
        const links = hits.map(
          ({ id }, i) => html`${i === 0 ? null : ', '}<a href="#${id}">${id.replace(/^\D+/, '#')}</a>`,
        );
        return html`<td class="hit">violated: ${links}</td>`;
      }),
      html`<td class="none">${none}</td>`,
    ];
  });
  const caption = `Each cell: the findings of that oracle, or in how many executions there was none${
    unreadable.length > 0 ? '; findings that could not be read are missing' : ''
  }`;
  return table(
    caption,
    columns.map((title, i) => ({ title, number: i === 2 })),
    cells,
  );
}
