/** Imports run one way (DESIGN): engine < oracles < targets < fuzz, litmus < report < tui, cli. */
const below = {
  engine: 'oracles|targets|fuzz|litmus|report|tui|cli',
  oracles: 'targets|fuzz|litmus|report|tui|cli',
  targets: 'fuzz|litmus|report|tui|cli',
  fuzz: 'report|tui|cli|litmus',
  litmus: 'fuzz|targets|report|tui|cli',
  report: 'tui|cli',
  tui: 'cli',
};
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(below).map(([layer, above]) => ({
      name: `${layer}-imports-down`,
      severity: 'error',
      from: { path: `^src/${layer}/` },
      to: { path: `^src/(${above})/` },
    })),
    {
      name: 'engine-knows-no-host',
      comment: 'The engine knows no file system, clock or process.',
      severity: 'error',
      from: { path: '^src/(engine|oracles|targets)/' },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
