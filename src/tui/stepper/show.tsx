import type { Stepped } from '../../fuzz/steps/steps.ts';
import { Terminal } from '../terminal.tsx';
import { Stepper } from './Stepper.tsx';

/** Shows the stepper on the whole terminal until the user leaves it. */
export async function showStepper(stepped: Stepped, name: string): Promise<void> {
  const color = (process.env['NO_COLOR'] ?? '') === '';
  // Not while React is at work.
  const close = (): void => void setImmediate(() => terminal.close());
  const terminal = new Terminal(size => (
    <Stepper stepped={stepped} name={name} size={size} color={color} onClose={close} />
  ));
  await terminal.ended();
}
