import type { TraceEvent } from '../fuzz/trace.ts';

type Interrupt = Extract<TraceEvent, { type: 'interrupt' }>;
type Grace = Extract<TraceEvent, { type: 'grace' }>;

/** `<irq> timer_tick`, `<softirq> free_node`, and `</softirq>`; `after` follows the name. */
export function interruptText({ softirq, begin, text }: Interrupt, after = ''): string {
  const tag = softirq ? 'softirq' : 'irq';
  return begin ? `<${tag}> ${text}${after}` : `</${tag}>`;
}

/** `grace period of free_node starts` */
export function graceText({ text }: Grace): string {
  return `grace period of ${text} starts`;
}
