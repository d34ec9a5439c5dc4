import type { Row, Style } from './text.ts';

/** How styles and signs look on the terminal at hand. */
export interface Theme {
  readonly colors: boolean;
  /** False where the locale cannot show more than ASCII. */
  readonly unicode: boolean;
}

/** SGR codes that begin and end a style, without and with colours. */
const codes: Readonly<Record<Style, readonly [plain: string, colored: string]>> = {
  plain: ['', ''],
  dim: ['2', '2'],
  strong: ['1', '1'],
  title: ['1', '1 36'],
  good: ['', '32'],
  warn: ['1', '33'],
  bad: ['1', '1 31'],
  chosen: ['7', '7'],
};

/** What ends the attribute that a code begins. */
const endOf = (code: string): string => (code === '1' || code === '2' ? '22' : code === '7' ? '27' : '39');

const sgr = (code: string): string => `\x1b[${code}m`;

/** Signs for those that ASCII lacks, one for one. */
const ascii = new Map([
  ...pairs('─━│┃┼├┤┌┐└┘', '--||+++++++'),
  ...pairs('▁▂▃▄▅▆▇█', '__..--==#'),
  ...pairs('·░▒▓', '.:+#'),
  ...pairs('▏▎▍▌▋▊▉', '   ####'),
  ...pairs('…•▶▸✓✗←↑→↓–—‘’“”', '~*>>vx<^>v--\'\'""'),
]);

function pairs(from: string, to: string): readonly (readonly [string, string])[] {
  return Array.from(from, (sign, i) => [sign, to[i] ?? '?'] as const);
}

/** The row as the terminal is sent it. */
export function paint(row: Row, theme: Theme): string {
  let out = '';
  for (const { text, style } of withoutTail(row)) {
    const shown = theme.unicode ? text : toAscii(text);
    const code = codes[style][theme.colors ? 1 : 0];
    if (code === '') out += shown;
    else {
      const all = code.split(' ');
      out +=
        all.map(sgr).join('') +
        shown +
        all
          .reverse()
          .map(one => sgr(endOf(one)))
          .join('');
    }
  }
  return out;
}

/** Without the blanks at the end, which cost time and show nothing. */
function withoutTail(row: Row): Row {
  const last = row.at(-1);
  if (last?.style !== 'plain') return row;
  const text = last.text.trimEnd();
  return text === last.text ? row : [...row.slice(0, -1), { text, style: last.style }];
}

function toAscii(text: string): string {
  // Letters beyond ASCII are left: only what the screens draw with is known to have a stand-in.
  return Array.from(text, sign => ascii.get(sign) ?? sign).join('');
}

/** What the environment says: https://no-color.org, and the locale's character set. */
export function themeOf(env: Readonly<Record<string, string | undefined>>): Theme {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return {
    colors: (env['NO_COLOR'] ?? '') === '',
    // Where no locale is named (some containers), terminals still speak UTF-8 more often than not.
    unicode: locale === '' || /utf-?8/i.test(locale),
  };
}
