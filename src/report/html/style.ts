/** The style sheet of all pages: light and dark by the reader's setting, desktop and phone, paper. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2330; --faint: #5b6575; --line: #d4d9e1; --wash: #f4f6f9;
  --link: #0b57a4; --bad: #b3261e; --bad-wash: #fdecea; --good: #1b6e3c; --good-wash: #e9f5ee;
  --store: #0b57a4; --stale: #a04f00; --lock: #6b4fa0; --delay: #b3261e;
  --s0: #0b57a4; --s1: #a04f00; --s2: #1b6e3c; --s3: #6b4fa0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181f; --ink: #e4e8ee; --faint: #a2acba; --line: #39424f; --wash: #1d232c;
    --link: #7cb7f5; --bad: #ff8a80; --bad-wash: #3a1f1f; --good: #7fd3a0; --good-wash: #1a3024;
    --store: #7cb7f5; --stale: #f3b062; --lock: #b9a1ec; --delay: #ff8a80;
    --s0: #7cb7f5; --s1: #f3b062; --s2: #7fd3a0; --s3: #b9a1ec;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 78rem; padding: 1rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1rem 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
h4 { font-size: .95rem; margin: 1.25rem 0 .25rem; }
a { color: var(--link); }
p, ol, ul, dl { margin: .5rem 0; max-width: 60rem; }
.faint, figcaption, caption { color: var(--faint); font-size: .875rem; }
.bad { color: var(--bad); } .good { color: var(--good); }
dl.facts { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .15rem 1rem; }
dl.facts dt { color: var(--faint); } dl.facts dd { margin: 0; min-width: 0; }
.scroll { overflow-x: auto; max-width: 100%; border: 1px solid var(--line); border-radius: 6px; background: var(--wash); }
.scroll:focus-visible, a:focus-visible, button:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .4rem .6rem; }
th, td { text-align: left; padding: .3rem .6rem; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: normal; }
th { white-space: nowrap; }
td.number, th.number { text-align: right; }
td.hit { background: var(--bad-wash); color: var(--bad); } td.none { color: var(--faint); white-space: nowrap; }
meter { width: 6rem; height: .8rem; }
pre, code, svg .code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
pre { margin: 0; padding: .75rem; font-size: .8125rem; line-height: 1.4; overflow-wrap: normal; width: max-content; min-width: 100%; }
code { font-size: .9em; }
.tools { display: flex; gap: .5rem; align-items: baseline; margin: 1rem 0 .25rem; } .tools h4 { margin: 0; }
button {
  font: inherit; font-size: .8125rem; color: var(--link); background: none; border: 1px solid var(--line);
  border-radius: 4px; padding: .1rem .6rem; cursor: pointer;
}
.finding { border-top: 1px solid var(--line); padding-top: .25rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 16rem), 1fr)); gap: 1rem; }
figure { margin: 0; } .chart { width: 100%; height: auto; }
svg text { font-size: 12px; fill: var(--ink); }
svg .cpu { font-weight: 600; font-size: 13px; } svg .lane { stroke: var(--line); stroke-width: 2; }
svg .heading { font-weight: 600; } svg .visible, svg .interrupt { fill: var(--faint); }
svg .mark { fill: none; stroke: var(--store); stroke-width: 2; } svg .full { fill: var(--store); }
svg .ring { fill: var(--wash); } svg .pending { stroke-dasharray: 2 2; }
svg .bar.lock { fill: var(--lock); } svg .bar.shared { fill: none; stroke: var(--lock); }
svg .bar.delay { fill: none; stroke: var(--delay); stroke-width: 1.5; stroke-dasharray: 3 2; }
svg .arrow path { fill: none; stroke: var(--store); stroke-width: 1.5; stroke-linejoin: round; }
svg .arrow.replaces path { stroke: var(--bad); } svg .replaces .way { stroke-width: 3; }
svg .arrow.stale path { stroke: var(--stale); } svg .stale .way { stroke-dasharray: 6 3; }
svg .arrow.missed path { stroke: var(--delay); } svg .missed .way { stroke-dasharray: 2 3; }
svg .verdict rect { fill: var(--bad-wash); stroke: var(--bad); } svg .violation { fill: var(--bad); font-weight: 600; }
svg .axis { stroke: var(--line); } svg .tick { fill: var(--faint); font-size: 11px; }
svg .curve { fill: none; stroke-width: 2; }
svg .s0 { stroke: var(--s0); } svg .s1 { stroke: var(--s1); stroke-dasharray: 7 3; }
svg .s2 { stroke: var(--s2); stroke-dasharray: 2 3; } svg .s3 { stroke: var(--s3); stroke-dasharray: 9 3 2 3; }
.legend svg { vertical-align: middle; }
@media print {
  :root {
    --paper: #fff; --ink: #000; --faint: #444; --line: #999; --wash: #fff; --link: #000; --bad: #8a0f08;
    --bad-wash: #fff; --good: #0d4a25; --store: #003d7a; --stale: #7a3b00; --lock: #4a3180; --delay: #8a0f08;
    --s0: #003d7a; --s1: #7a3b00; --s2: #0d4a25; --s3: #4a3180;
  }
  body { max-width: none; padding: 0; font-size: 10pt; }
  button, nav { display: none; } details > * { display: block; } details::details-content { content-visibility: visible; }
  .scroll { overflow: visible; border: 0; } .scroll svg { max-width: 100%; height: auto; }
  table { font-size: 7pt; } th, td, td.none { white-space: normal; overflow-wrap: anywhere; padding: 1pt 3pt; }
  pre { width: auto; white-space: pre-wrap; font-size: 8pt; }
  h2, h3, h4 { break-after: avoid; } figure, .charts, tr { break-inside: avoid; }
}
`;
