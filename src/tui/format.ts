/** `1234` as `1.23k`, `45100000` as `45.1M`. */
export function shortCount(n: number): string {
  for (const [scale, unit] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    // 999.6 would become 1.00e+3.
    if (n >= 0.9995 * scale) return `${(n / scale).toPrecision(n >= 999.5 * scale ? 4 : 3)}${unit}`;
  }
  return n > 0 && n < 10 && !Number.isInteger(n) ? n.toFixed(1) : String(Math.round(n));
}

/** `7 s`, `3 min 04 s`, `2 h 05 min`, `3 d 04 h`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n: number): string => String(n).padStart(2, '0');
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86_400)} d ${two(Math.floor((s % 86_400) / 3600))} h`;
}

/** `7s`, `3m`, `2h`, `3d`: at most three cells until a hundred days. */
export function briefDuration(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h`;
  return `${Math.floor(s / 86_400)}d`;
}

/** How long before `now` something was, both Unix times; `none yet` if never (0). */
export function ago(now: number, time: number): string {
  return time === 0 ? 'none yet' : `${duration(now - time)} ago`;
}

/** `12.3 %`; small shares keep a digit that is not 0. */
export function percent(share: number): string {
  const value = 100 * share;
  if (value === 0 || value >= 9.95) return `${Math.round(value)} %`;
  return value >= 0.095 ? `${value.toFixed(1)} %` : value >= 0.01 ? `${value.toFixed(2)} %` : '<0.01 %';
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** A bar of `width` cells that is filled to a share from 0 to 1. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(8 * width * Math.min(1, Math.max(0, share)));
  const full = '█'.repeat(eighths >> 3);
  return (full + (EIGHTHS[eighths & 7] ?? '')).padEnd(width);
}

const LEVELS = '▁▂▃▄▅▆▇█';

/** The last values as a line of bars, at most `width` of them, the largest being full height. */
export function sparkline(values: readonly number[], width: number): string {
  const last = width > 0 ? values.slice(-width) : [];
  const top = Math.max(...last, 0);
  return last
    .map(value => (value <= 0 || top === 0 ? ' ' : LEVELS[Math.min(7, Math.floor((8 * value) / top))]))
    .join('');
}
