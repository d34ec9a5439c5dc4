import { element, html, type Markup } from '../markup.ts';

/** How to read the drawings, once for a page. */
export function legend(): Markup {
  const rows: readonly (readonly [drawing: Markup, text: string])[] = [
    [sample(element('circle', { class: 'mark ring', cx: 20, cy: 8, r: 4 })), 'a load'],
    [sample(element('circle', { class: 'mark full', cx: 20, cy: 8, r: 4 })), 'a store'],
    [sample(element('path', { class: 'mark full', d: 'M20 3L25 8L20 13L15 8Z' })), 'a read-modify-write'],
    [sample(element('path', { class: 'mark', d: 'M15 8H25' })), 'a lock, a barrier, an allocation'],
    [sample(element('path', { class: 'mark', d: 'M16 4L20 12L24 4Z' })), 'a delayed store becomes visible'],
    [arrow('reads'), 'from a store to the first load on another CPU that read it'],
    [arrow('stale'), 'the load read this older value although a newer one was there'],
    [arrow('replaces'), 'the value that the violation is about is replaced'],
    [arrow('missed'), 'the load did not see this store, which was still delayed'],
    [bar('lock'), 'a lock is held'],
    [bar('shared'), 'a lock is held for reading, or an RCU read section lasts'],
    [bar('delay'), 'a store is delayed: other CPUs do not see it'],
  ];
  return html`<details class="legend"><summary>How to read the drawings</summary>
<p>A lane for each CPU, time downwards; each line is one access. Accesses that do not matter for the violation are left
out; <code>replay --trace</code> shows all.</p>
<ul>${rows.map(([drawing, text]) => html`<li>${drawing} ${text}</li>`)}</ul></details>`;
}

function sample(...content: readonly Markup[]): Markup {
  return element('svg', { width: 40, height: 16, viewBox: '0 0 40 16', 'aria-hidden': 'true' }, content);
}

function arrow(kind: string): Markup {
  const cross = kind === 'missed' ? 'M15 4l8 8M23 4l-8 8' : '';
  return sample(
    element(
      'g',
      { class: `arrow ${kind}` },
      element('path', { class: 'way', d: 'M4 8H36' }),
      element('path', { class: 'head', d: `M30 4L36 8L30 12${cross}` }),
    ),
  );
}

function bar(kind: string): Markup {
  return sample(element('rect', { class: `bar ${kind}`, x: 18, y: 1, width: 5, height: 14, rx: 2 }));
}
