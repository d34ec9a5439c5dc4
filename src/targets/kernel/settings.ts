import type { Settings, Switch } from '../target.ts';

/** For tables of switches: each changes some settings of a design. */
export function switchOf<Design extends { readonly [K in keyof Design]: boolean | string }>() {
  return (name: string, summary: string, origin: string, settings: Partial<Design>): Switch => {
    const changes: Record<string, Settings[string]> = {};
    for (const [key, value] of Object.entries<Settings[string] | undefined>(settings)) {
      if (value !== undefined) changes[key] = value;
    }
    return { name, summary, origin, settings: changes };
  };
}

/** Reads settings that are on or off. @throws TypeError naming the setting if it is neither. */
export function switchesOf<K extends string>(settings: Settings): (key: K) => boolean {
  return key => {
    const value = settings[key];
    if (typeof value !== 'boolean') throw new TypeError(`setting ${key} must be true or false`);
    return value;
  };
}
