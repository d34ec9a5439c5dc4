import type { PanelId } from '../ui.ts';
import { coverage } from './coverage.ts';
import { crashes } from './crashes.ts';
import { log } from './log.ts';
import { pairs } from './pairs.ts';
import type { Panel } from './panel.ts';
import { preview } from './preview.ts';
import { results } from './results.ts';
import { speed } from './speed.ts';
import { strategies } from './strategies.ts';
import { timing } from './timing.ts';

/** All panels, in the order in which Tab goes through them. */
export const panels: Readonly<Record<PanelId, Panel>> = {
  crashes,
  timing,
  results,
  strategies,
  coverage,
  pairs,
  speed,
  log,
  preview,
};

export const panelOrder = Object.keys(panels) as readonly PanelId[];
