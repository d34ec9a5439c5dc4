import { Box, type Key as InkKey, Text, useInput } from 'ink';
import { type ReactNode, useEffect, useMemo, useReducer } from 'react';
import type { Stepped } from '../../fuzz/steps/steps.ts';
import { StepModel } from '../../report/steps/step-model.ts';
import type { Size } from '../size.ts';
import { stepperFrame } from './frame.ts';
import type { Line, Style } from './lines.ts';
import { firstState, type Key, press, type StepperState } from './state.ts';

export interface StepperProps {
  readonly stepped: Stepped;
  /** What to call the case: the name of its file. */
  readonly name: string;
  readonly size: Size;
  /** Whether colours may be used: not if NO_COLOR is set. */
  readonly color: boolean;
  onClose(): void;
}

/** Walks through an execution step by step, forwards and backwards; fills the terminal. */
export function Stepper({ stepped, name, size, color, onClose }: StepperProps): ReactNode {
  const model = useMemo(() => new StepModel(stepped), [stepped]);
  const [state, act] = useReducer((now: StepperState, key: Key) => press(model, now, key), model, firstState);
  useInput((input, key) => {
    for (const one of keysOf(input, key)) act(one);
  });
  useEffect(() => {
    if (state.closed) onClose();
  }, [state.closed, onClose]);
  const frame = stepperFrame(model, state, name, size);
  return (
    <Box flexDirection="column" width={size.columns} height={size.rows}>
      {frame.map((spans, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen
        <FrameLine key={row} spans={spans} color={color} />
      ))}
    </Box>
  );
}

function FrameLine({ spans, color }: { readonly spans: Line; readonly color: boolean }): ReactNode {
  return (
    <Text wrap="truncate">
      {spans.length === 0
        ? ' '
        : spans.map(({ text, style }, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a span is its place in the line
            <Text key={i} {...looks(style, color)}>
              {text}
            </Text>
          ))}
    </Text>
  );
}

interface Looks {
  readonly color?: string;
  readonly bold?: boolean;
  readonly dimColor?: boolean;
  readonly inverse?: boolean;
}

const cpuColors = ['cyan', 'yellow', 'green', 'magenta', 'blue'] as const;

function looks(style: Style, color: boolean): Looks {
  const tinted = (name: string): Looks => (color ? { color: name } : {});
  switch (style) {
    case 'plain':
      return {};
    case 'title':
    case 'here':
      return { inverse: true };
    case 'faint':
      return { dimColor: true };
    case 'strong':
      return { bold: true };
    case 'changed':
      return { bold: true, ...tinted('yellow') };
    case 'weak':
      return tinted('magenta');
    case 'bad':
      return { bold: true, ...tinted('red') };
    case 'good':
      return { bold: true, ...tinted('green') };
    default:
      return { bold: true, ...tinted(cpuColors[Number(style.slice(3)) % cpuColors.length] ?? 'cyan') };
  }
}

const named = [
  ['rightArrow', 'right'],
  ['leftArrow', 'left'],
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['backspace', 'backspace'],
  // What most terminals send for Backspace.
  ['delete', 'backspace'],
] as const;

/**
 * The keys of one event: what is pasted, or typed while the machine is busy, comes in one piece. Ctrl and Alt mean
 * nothing here.
 */
function keysOf(input: string, key: InkKey): readonly Key[] {
  const found = named.find(([name]) => key[name]);
  if (found !== undefined) return [found[1]];
  if (key.ctrl || key.meta) return [];
  return [...input].flatMap((typed): readonly Key[] => {
    if (typed === '\r' || typed === '\n') return ['enter'];
    if (typed === '\x7f' || typed === '\b') return ['backspace'];
    return typed >= ' ' ? [{ typed }] : [];
  });
}
