import type { Kernel } from '../../engine/access.ts';
import type { Cpu } from '../../engine/cpu.ts';
import type { Host, State } from './state.ts';

// Who may touch guest memory: vCPUs and device threads say so before they do, and look whether the VMM wants them to
// stop; the VMM says that it wants them to stop, and then waits for each. (KVM: vcpu->mode and requests, with
// smp_store_mb(); QEMU: vm_stop(), which pauses all vCPUs and then drains block devices.)

type Role = 'vcpu' | 'device';

/** Begins to run the guest, or its devices: at the source; once that was told to stop, where the destination starts. */
export function* enter(cpu: Cpu, s: State, role: Role): Kernel<Host> {
  const busy = wordOf(cpu, s, role);
  yield cpu.writeOnce(busy, 1);
  yield cpu.smpMb();
  if ((yield cpu.readOnce(s.vm.stop)) === 0) return s.source;
  return yield* moveOver(cpu, s, role);
}

/**
 * Goes on after a fault: a vCPU that was kicked meanwhile leaves for user space before it enters the guest, and repeats its
 * access where the guest runs next (xfer_to_guest_mode_handle_work(), -EINTR from KVM_RUN). The kick is an interrupt, so that
 * looking for it costs no step.
 */
export function* reenter(cpu: Cpu, s: State, h: Host): Kernel<Host> {
  const kicked = s.d.pausesVcpus && cpu.machine.peek(s.vm.stop) === 1;
  return kicked && h === s.source ? yield* moveOver(cpu, s, 'vcpu') : h;
}

/** Leaves the source, and begins at the destination when that runs. */
function* moveOver(cpu: Cpu, s: State, role: Role): Kernel<Host> {
  yield* leave(cpu, s, role);
  yield cpu.waitEvent(s.vm.running, 1, 1);
  return s.destination;
}

/** What was stored is visible to whoever sees that this thread has left. */
export function* leave(cpu: Cpu, s: State, role: Role): Kernel {
  const busy = wordOf(cpu, s, role);
  if (s.d.exitReleases) yield cpu.smpStoreRelease(busy, 0);
  else yield cpu.writeOnce(busy, 0);
}

/** Ends what `enter` began; at the destination nobody is waited for. */
export function* exit(cpu: Cpu, s: State, role: Role, h: Host): Kernel {
  if (h === s.source) yield* leave(cpu, s, role);
}

/** vm_stop(): vCPUs leave the guest, DMA ends. */
export function* pause(cpu: Cpu, s: State): Kernel {
  yield cpu.writeOnce(s.vm.stop, 1);
  yield cpu.smpMb();
  for (const { in_guest, dma } of s.threads) {
    if (s.d.pausesVcpus) yield cpu.waitEvent(in_guest, 1, 0);
    if (s.d.drainsDevices) yield cpu.waitEvent(dma, 1, 0);
  }
}

function wordOf(cpu: Cpu, s: State, role: Role): number {
  const thread = s.threads[cpu.id];
  return role === 'vcpu' ? thread.in_guest : thread.dma;
}
