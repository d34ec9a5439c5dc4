import { html } from '../markup.ts';
import { type Finding, findingSection, kindOf } from './finding.ts';
import { legend } from './legend.ts';
import { page } from './page.ts';

/** The page about one case. */
export function casePage(finding: Finding, version: string): string {
  const { design } = finding.subject;
  const title = `${kindOf(finding)} in ${design}`;
  return page(
    `Pagestorm: ${title}`,
    html`<header><h1>${title}</h1>
<p class="faint">By pagestorm ${version}. A finding is about the protocol as written in the model, under the memory model
named; it is not about a kernel that ran.</p></header>
<main>
${legend()}
${findingSection(finding)}
</main>`,
  );
}
