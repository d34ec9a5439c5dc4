import { UsageError } from '../engine/errors.ts';
import type { Settings, Switch, Target, Variant } from '../targets/target.ts';
import { unknownName } from './names.ts';

/** One design of one subsystem: a variant with switches applied in the order given. */
export interface Selection {
  readonly target: Target;
  readonly variant: Variant;
  readonly switches: readonly Switch[];
  readonly settings: Settings;
}

/** Names and merges a variant and its switches. */
export function select(target: Target, variant: Variant, switches: readonly Switch[]): Selection {
  const settings: Settings = Object.assign({}, variant.settings, ...switches.map(one => one.settings));
  return { target, variant, switches, settings };
}

/** `mte-sync/v6.2+no-wmb-in-set-tagged` */
export function selectionName(selection: Selection): string {
  return `${selection.target.name}/${designName(selection)}`;
}

/** `v6.2+no-wmb-in-set-tagged` */
export function designName({ variant, switches }: Selection): string {
  return [variant.name, ...switches.map(one => one.name)].join('+');
}

/**
 * What `target[/variant[+switch...]]` names: a bare target is all of its variants, each with no switch.
 *
 * @throws UsageError naming the part that is unknown and what it may have meant.
 */
export function parseSelection(text: string, targets: readonly Target[]): readonly Selection[] {
  const slash = text.indexOf('/');
  const targetName = slash < 0 ? text : text.slice(0, slash);
  const target = findTarget(targetName, targets);
  if (slash < 0) return target.variants.map(variant => select(target, variant, []));
  const [variantName = '', ...switchNames] = text.slice(slash + 1).split('+');
  return [selectByName(target, variantName, switchNames)];
}

/** @throws UsageError if there is no such target. */
export function findTarget(name: string, targets: readonly Target[]): Target {
  const found = targets.find(target => target.name === name);
  if (found !== undefined) return found;
  throw new UsageError(
    unknownName(
      'target',
      name,
      targets.map(target => target.name),
    ),
  );
}

/** @throws UsageError if there is no such variant or switch. */
export function selectByName(target: Target, variantName: string, switchNames: readonly string[]): Selection {
  const variant = target.variants.find(one => one.name === variantName);
  if (variant === undefined) {
    const known = target.variants.map(one => one.name);
    throw new UsageError(unknownName(`variant of ${target.name}`, variantName, known));
  }
  const switches = switchNames.map(name => {
    const found = target.switches.find(one => one.name === name);
    if (found !== undefined) return found;
    const known = target.switches.map(one => one.name);
    throw new UsageError(unknownName(`switch of ${target.name}`, name, known));
  });
  return select(target, variant, switches);
}
