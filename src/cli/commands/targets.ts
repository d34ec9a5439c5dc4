import { findTarget } from '../../fuzz/selection.ts';
import { oracles } from '../../oracles/index.ts';
import type { Target } from '../../targets/target.ts';
import { Exit } from '../exit.ts';

/** `pagestorm targets [target] [--json]` */
export function targetsCommand(all: readonly Target[], name: string | undefined, json: boolean): number {
  const chosen = name === undefined ? all : [findTarget(name, all)];
  if (json) console.log(JSON.stringify(chosen.map(described), null, 2));
  else if (name === undefined) for (const target of chosen) printShort(target);
  else for (const target of chosen) printLong(target);
  return Exit.Ok;
}

interface Row {
  readonly name: string;
  readonly text: string;
}

interface Description {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly memory: string;
  readonly machine: Target['size'];
  readonly variants: readonly { name: string; summary: string; origin: string; fixed: boolean }[];
  readonly switches: readonly { name: string; summary: string; origin: string }[];
  readonly operations: readonly {
    name: string;
    summary: string;
    parameters: readonly string[];
    interrupt: boolean;
  }[];
  readonly oracles: readonly { id: string; rule: string; source: string; blind: string }[];
}

function described(target: Target): Description {
  const [first] = target.variants;
  const operations = first === undefined ? [] : target.build(first.settings, target.size).operations;
  return {
    name: target.name,
    summary: target.summary,
    description: target.description,
    memory: target.memory,
    machine: target.size,
    variants: target.variants.map(({ name, summary, origin, fixed }) => ({
      name,
      summary,
      origin,
      fixed: fixed === true,
    })),
    switches: target.switches.map(({ name, summary, origin }) => ({ name, summary, origin })),
    operations: operations.map(({ name, summary, parameters, interrupt }) => ({
      name,
      summary,
      parameters: parameters.map(parameter => parameter.name),
      interrupt: interrupt === true,
    })),
    oracles: target.oracles.map(id => {
      const oracle = oracles.find(one => one.id === id);
      return { id, rule: oracle?.rule ?? '', source: oracle?.source ?? '', blind: oracle?.blind ?? '' };
    }),
  };
}

function printShort(target: Target): void {
  console.log(`${target.name}  ${target.summary}`);
  for (const variant of target.variants) {
    console.log(
      `  ${target.name}/${variant.name}${variant.fixed === true ? ' (fixed design)' : ''}  ${variant.summary}`,
    );
  }
}

function printLong(target: Target): void {
  const {
    name,
    summary,
    description,
    memory,
    machine,
    variants,
    switches,
    operations,
    oracles: judges,
  } = described(target);
  console.log(`${name}: ${summary}`);
  console.log(description.trim());
  console.log(
    `\nby default: --memory ${memory} --cpus ${machine.cpus} --pages ${machine.pages} --mms ${machine.mms}`,
  );
  const origin = (one: { summary: string; origin: string }): string => `${one.summary} [${one.origin}]`;
  section(
    'variants',
    variants.map(one => ({ name: one.name, text: `${origin(one)}${one.fixed ? ' (fixed design)' : ''}` })),
  );
  section(
    'switches',
    switches.map(one => ({ name: `+${one.name}`, text: origin(one) })),
  );
  section(
    'operations',
    operations.map(one => ({
      name: `${one.name}(${one.parameters.join(', ')})`,
      text: `${one.interrupt ? 'interrupt: ' : ''}${one.summary}`,
    })),
  );
  section(
    'oracles',
    judges.map(one => ({ name: one.id, text: one.rule })),
  );
}

function section(title: string, rows: readonly Row[]): void {
  if (rows.length === 0) return;
  const width = Math.max(...rows.map(row => row.name.length));
  console.log(`\n${title}:`);
  for (const { name, text } of rows) console.log(`  ${name.padEnd(width)}  ${text.replace(/\s+/g, ' ')}`);
}
