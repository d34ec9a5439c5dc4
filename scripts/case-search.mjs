// Searches of catalogue.yaml's cases, as `pagestorm fuzz` does them with one worker and an empty queue. Needs a build.
import { checkOperations, jobOf, selectionsOf } from '../dist/cli/jobs.js';
import { Search } from '../dist/fuzz/matrix/search.js';
import { targets } from '../dist/targets/index.js';

/** The options of `pagestorm fuzz` that narrow the search of a case. */
function narrowing(text) {
  const words = text?.split(/\s+/) ?? [];
  const value = name => (words.includes(name) ? words[words.indexOf(name) + 1] : undefined);
  const known = ['--cpus', '--pages', '--mms', '--ops'];
  const odd = words.find(word => word.startsWith('--') && !known.includes(word));
  if (odd !== undefined) throw new Error(`${odd} is no option that the searches of cases know`);
  const bare = known.find(name => words.includes(name) && !/^[^-]/.test(value(name) ?? ''));
  if (bare !== undefined) throw new Error(`${bare} has no value`);
  return {
    cpus: value('--cpus'),
    pages: value('--pages'),
    mms: value('--mms'),
    ops: value('--ops')?.split(',') ?? [],
  };
}

/** What a search of a case runs. Throws if the catalogue narrows it to what its design, or `pagestorm fuzz`, does not know. */
export function jobOfCase(one, seed) {
  try {
    const [selection] = selectionsOf([one.design], targets);
    const options = { ...narrowing(one.options), memory: one.memory };
    const job = jobOf(selection, seed, options);
    checkOperations(job === null ? [] : [job], [selection], options);
    return job;
  } catch (error) {
    throw new Error(`catalogue.yaml: ${one.case}: ${error.message}`);
  }
}

/**
 * Searches a case's design until it shows a finding that fits, and on, if `exact` is a signature, until it shows that one.
 * Each is the finding with executions, CPU and wall seconds up to it, or null. Ends early once `isStopped` says so.
 */
export async function searchCase(one, seed, limit, pool, exact, isStopped) {
  const job = jobOfCase(one, `first-hits/${seed}`);
  const finding = new RegExp(one.finding);
  const cpu = process.cpuUsage();
  const began = performance.now();
  const spent = () => {
    const { user, system } = process.cpuUsage(cpu);
    return { cpu: (user + system) / 1e6, wall: (performance.now() - began) / 1000 };
  };
  let first = null;
  let same = null;
  const search = new Search(job, pool, {
    found: async (raw, signature, executions) => {
      if (!finding.test(signature)) return;
      const hit = { case: raw.case, message: raw.message, signature, executions, ...spent() };
      first ??= hit;
      if (signature === exact) same ??= hit;
      if (exact === null || same !== null) search.stop();
    },
    progress: () => {
      if (isStopped()) search.stop();
    },
  });
  await search.run(limit, null);
  return { first, same, spent: spent() };
}
