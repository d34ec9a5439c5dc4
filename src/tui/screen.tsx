import { Text, Transform, useInput } from 'ink';
import type { ReactNode } from 'react';
import { frame } from './frame.ts';
import type { Size } from './size.ts';
import { paint, type Theme } from './theme.ts';
import type { View } from './ui.ts';

export interface ScreenProps {
  readonly view: View;
  readonly size: Size;
  readonly theme: Theme;
}

/**
 * The campaign screen: a frame at a size, as text. The lines come in by a transformation of blank ones: Ink measures every
 * text that it is given and keeps the measure of each for ever, which in a night of frames fills the memory.
 */
export function Screen({ view, size, theme }: ScreenProps): ReactNode {
  const lines = frame(view, size).map(row => paint(row, theme));
  return (
    <Transform transform={(_, y) => lines[y] ?? ''}>
      <Text>{blankLines(size.rows)}</Text>
    </Transform>
  );
}

function blankLines(count: number): string {
  return Array(count).fill(' ').join('\n');
}

/** Ink's flags and the names of their keys (see `press`). */
const names = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
] as const;

const controls: Readonly<Record<string, string>> = {
  '\t': 'tab',
  '\r': 'enter',
  '\n': 'enter',
  '\x7f': 'backspace',
};

/** Hands on keys by name. */
export function Keys({ onKey }: { readonly onKey: (key: string) => void }): null {
  useInput((input, key) => {
    const name = key.tab ? (key.shift ? 'shift-tab' : 'tab') : names.find(([flag]) => key[flag])?.[1];
    if (name !== undefined) onKey(name);
    // Keys that come faster than they are read arrive together.
    else if (!key.ctrl && !key.meta) for (const one of input) onKey(controls[one] ?? one);
  });
  return null;
}
