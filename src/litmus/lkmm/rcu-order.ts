// The rcu axiom: `irreflexive rb`. rb has a cycle exactly when rcu-order ; rcu-link has one, and rcu-order holds
// along chains of grace periods and critical sections, linked by rcu-link, with at least as many grace periods
// as sections ("the grace-period guarantee", Documentation/explanation.txt). So for one RCU domain the
// question is whether the graph of links has a cycle of weight >= 0, a grace period weighing 1 and a section -1.
// With SRCU domains, grace periods pair with sections of their own domain only: then the recursive definition of
// linux-kernel.cat is iterated literally.

import type { RcuNode } from './skeleton.ts';

const none = -(1 << 20);

/** Scratch that grows with the number of nodes. */
let distance = new Int32Array(0);

/** `links` holds m * m entries, 1 where node i links to node j. */
export function violatesRcu(nodes: readonly RcuNode[], links: Uint8Array): boolean {
  const [first] = nodes;
  return nodes.every(node => node.domain === first.domain)
    ? heavyCycle(nodes, links)
    : recursive(nodes, links);
}

/** Whether the link graph has a cycle with as many grace periods as sections. */
export function heavyCycle(nodes: readonly RcuNode[], links: Uint8Array): boolean {
  const m = nodes.length;
  if (distance.length < m * m) distance = new Int32Array(m * m);
  const d = distance;
  for (let i = 0, at = 0; i < m; i++)
    for (let j = 0; j < m; j++, at++) {
      d[at] = links[at] === 0 ? none : nodes[j].gracePeriod ? 1 : -1;
      if (i === j && d[at] >= 0) return true;
    }
  // Floyd-Warshall for longest walks: they stay simple until the first cycle of weight >= 0 shows
  for (let k = 0; k < m; k++)
    for (let i = 0; i < m; i++) {
      const ik = d[i * m + k];
      if (ik === none) continue;
      for (let j = 0; j < m; j++) {
        const kj = d[k * m + j];
        if (kj === none) continue;
        const sum = ik + kj;
        if (sum > d[i * m + j]) {
          d[i * m + j] = sum;
          if (i === j && sum >= 0) return true;
        }
      }
    }
  return false;
}

function compose(a: Uint8Array, b: Uint8Array, m: number): Uint8Array {
  const c = new Uint8Array(m * m);
  for (let i = 0; i < m; i++)
    for (let k = 0; k < m; k++)
      if (a[i * m + k] !== 0) for (let j = 0; j < m; j++) if (b[k * m + j] !== 0) c[i * m + j] = 1;
  return c;
}

/** The same by the recursive definition of rcu-order, for any mixture of domains. */
export function recursive(nodes: readonly RcuNode[], links: Uint8Array): boolean {
  const m = nodes.length;
  const cycle = compose(rcuOrder(nodes, links), links, m);
  for (let i = 0; i < m; i++) if (cycle[i * m + i] !== 0) return true;
  return false;
}

/** rcu-order between nodes, entered at the first and left at the second; m * m entries. */
export function rcuOrder(nodes: readonly RcuNode[], links: Uint8Array): Uint8Array {
  const m = nodes.length;
  const ordered = new Uint8Array(m * m);
  for (let i = 0; i < m; i++) if (nodes[i].gracePeriod) ordered[i * m + i] = 1;
  for (let grown = true; grown; ) {
    grown = false;
    const linked = compose(links, ordered, m);
    const through = compose(linked, links, m);
    const chained = compose(ordered, linked, m);
    for (let i = 0; i < m; i++)
      for (let j = 0; j < m; j++) {
        if (ordered[i * m + j] !== 0) continue;
        const pair = nodes[i].gracePeriod !== nodes[j].gracePeriod && nodes[i].domain === nodes[j].domain;
        const around = pair && (links[i * m + j] !== 0 || through[i * m + j] !== 0);
        if (around || chained[i * m + j] !== 0) {
          ordered[i * m + j] = 1;
          grown = true;
        }
      }
  }
  return ordered;
}
