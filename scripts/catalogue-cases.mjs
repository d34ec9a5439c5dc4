// The cases of catalogue.yaml that scripts are asked for by target, id or file stem. Needs a build.
import { loadCatalogue, targetOf } from '../dist/fuzz/catalogue.js';

/** Entries with each of their cases; all of them if nothing is named. Ends the process on a name that is none. */
export function casesNamed(wanted) {
  const all = loadCatalogue().flatMap(entry => entry.cases.map(one => ({ entry, one })));
  const names = ({ entry, one }) => [
    entry.id,
    ...entry.aliases,
    targetOf(one),
    one.case,
    `${targetOf(one)}/${one.case}`,
  ];
  for (const name of wanted) {
    if (all.some(each => names(each).includes(name))) continue;
    console.error(`${name}: no target, id or case of catalogue.yaml that has cases`);
    process.exit(2);
  }
  return all.filter(each => wanted.length === 0 || wanted.some(name => names(each).includes(name)));
}
