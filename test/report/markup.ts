/** A tag that was opened. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

const VOID = new Set(['meta', 'br', 'hr', 'img', 'input', 'link']);

/**
 * All elements of HTML or SVG that this project writes, in order; throws where tags do not match, attributes are not
 * quoted, or a bare `<` or `&` stands in text. The content of style and script is passed over.
 */
export function elementsOf(text: string): readonly Element[] {
  const elements: Element[] = [];
  const open: string[] = [];
  let at = 0;
  const plain = (part: string): void => {
    const bad = /<|&(?!(?:amp|lt|gt|quot|#39);)/.exec(part);
    if (bad !== null) throw new Error(`bare ${bad[0]} in "${part.slice(bad.index, bad.index + 40)}"`);
  };
  for (const found of text.matchAll(/<!doctype html>|<(\/?)([a-z][\w]*)((?:\s[^<>]*)?)>/g)) {
    if (found.index < at) continue;
    plain(text.slice(at, found.index));
    at = found.index + found[0].length;
    const [, end, name = '', rest = ''] = found;
    if (name === '') continue;
    if (end === '/') {
      const last = open.pop();
      if (last !== name) throw new Error(`</${name}> ends <${last}>`);
      continue;
    }
    const attributes = new Map<string, string>();
    const left = rest.replace(/\s([\w:-]+)="([^"]*)"/g, (_, key: string, value: string) => {
      if (attributes.has(key)) throw new Error(`${key} twice in <${name}>`);
      plain(value);
      attributes.set(key, value);
      return '';
    });
    if (left.trim() !== '') throw new Error(`cannot read "${left}" in <${name}>`);
    elements.push({ name, attributes });
    if (name === 'style' || name === 'script') at = text.indexOf(`</${name}>`, at) + name.length + 3;
    else if (!VOID.has(name)) open.push(name);
  }
  plain(text.slice(at));
  if (open.length > 0) throw new Error(`not ended: ${open.join(', ')}`);
  return elements;
}

/** The values of an attribute, of all elements that have it. */
export function valuesOf(elements: readonly Element[], attribute: string): readonly string[] {
  return elements.flatMap(one => one.attributes.get(attribute) ?? []);
}
