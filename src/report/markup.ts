/** Text that is HTML or SVG already; everything else is escaped when it is put into a template. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

type Part = Markup | string | number | null | readonly Part[];

/** HTML or SVG with values in it, escaped but for markup and lists of it; null is nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Markup {
  return new Markup(
    strings.map((text, i) => (i === 0 ? text : `${partText(values[i - 1])}${text}`)).join(''),
  );
}

function partText(part: Part | undefined): string {
  if (part === null || part === undefined) return '';
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(partText).join('');
  return escaped(String(part));
}

/** An element of SVG or HTML; attributes that are null are left out. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | null>>,
  ...children: readonly Part[]
): Markup {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => ` ${key}="${escaped(typeof value === 'number' ? rounded(value) : String(value))}"`)
    .join('');
  return new Markup(`<${name}${written}>${partText(children)}</${name}>`);
}

function rounded(value: number): string {
  return String(Math.round(100 * value) / 100);
}

/** Neither HTML nor XML has a way to write most control characters, so they are replaced. */
function escaped(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;')
  );
}
