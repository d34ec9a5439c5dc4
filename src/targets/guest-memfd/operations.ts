import { nat, oneOf } from '../kernel/parameters.ts';
import type { Operation, Parameter } from '../target.ts';
import { setMemAttributes } from './attributes.ts';
import { gmemSetAttributes } from './conversion.ts';
import { hasRmp } from './design.ts';
import { guestAccess, preFaultMemory } from './fault.ts';
import { gmemAllocate, punchHole } from './gmem.ts';
import { gupWrite, hostAccess } from './host-mapping.ts';
import { closeGmem, closeVm, gmemSyscall, vmIoctl } from './lifetime.ts';
import { createMemslot, deleteMemslot, recreateMemslot } from './memslot.ts';
import { allocAndWrite, kernelWrite } from './page.ts';
import { launchUpdate } from './populate.ts';
import type { State } from './state.ts';

const gfn: Parameter = { name: 'gfn', arbitrary: nat(size => size.pages - 1), focus: true };
const pages = oneOf('pages', ['1 page', '2 pages']);
const access = oneOf('access', ['private', 'shared']);
const attribute = oneOf('attribute', ['private', 'shared']);

/** What a kernel with this design can be asked to do. gfn i is page i + 2 of the file. */
export function operationsOf(s: State): readonly Operation[] {
  const { d } = s;
  const rmp = hasRmp(d);
  const all: (Operation & { readonly exists: boolean })[] = [
    {
      name: 'punch_hole',
      summary: 'fallocate(FALLOC_FL_PUNCH_HOLE) on the guest_memfd: kvm_gmem_punch_hole()',
      parameters: [gfn, pages],
      weight: 2,
      exists: true,
      run: (cpu, [g, n]) => gmemSyscall(cpu, s, punchHole(cpu, s, g, n + 1)),
    },
    {
      name: 'set_mem_attributes',
      summary: 'KVM_SET_MEMORY_ATTRIBUTES: kvm_vm_ioctl_set_mem_attributes()',
      parameters: [gfn, pages, attribute],
      weight: 2,
      exists: !d.inPlace && !d.initShared,
      run: (cpu, [g, n, shared]) => vmIoctl(cpu, s, setMemAttributes(cpu, s, g, n + 1, shared === 0)),
    },
    {
      name: 'gmem_set_attributes',
      summary: 'KVM_SET_MEMORY_ATTRIBUTES2 on the guest_memfd: in-place conversion',
      parameters: [gfn, pages, attribute],
      weight: 2,
      exists: d.inPlace,
      run: (cpu, [g, n, shared]) => gmemSyscall(cpu, s, gmemSetAttributes(cpu, s, g, n + 1, shared === 0)),
    },
    {
      name: 'guest_access',
      summary: 'a vCPU writes to a gfn: nested page walk, #NPF, kvm_tdp_page_fault(), sev_handle_rmp_fault()',
      parameters: [gfn, access],
      weight: 3,
      exists: true,
      run: (cpu, [g, shared]) => vmIoctl(cpu, s, guestAccess(cpu, s, g, shared === 0 && !d.initShared)),
    },
    {
      name: 'pre_fault_memory',
      summary: 'KVM_PRE_FAULT_MEMORY: kvm_arch_vcpu_pre_fault_memory()',
      parameters: [gfn],
      exists: d.privateAt !== 'ioctl',
      run: (cpu, [g]) => vmIoctl(cpu, s, preFaultMemory(cpu, s, g, !d.initShared)),
    },
    {
      name: 'launch_update',
      summary: 'KVM_SEV_SNP_LAUNCH_UPDATE: kvm_gmem_populate(), sev_gmem_post_populate()',
      parameters: [gfn],
      exists: rmp && d.privateAt !== 'ioctl' && !d.hugeFolios,
      run: (cpu, [g]) => vmIoctl(cpu, s, launchUpdate(cpu, s, g)),
    },
    {
      name: 'fallocate',
      summary: 'fallocate() on the guest_memfd: kvm_gmem_allocate()',
      parameters: [gfn],
      exists: true,
      run: (cpu, [g]) => gmemSyscall(cpu, s, gmemAllocate(cpu, s, g)),
    },
    {
      name: 'delete_memslot',
      summary: 'KVM_SET_USER_MEMORY_REGION2 with size 0: kvm_invalidate_memslot(), kvm_gmem_unbind()',
      parameters: [],
      weight: 0.3,
      exists: true,
      run: cpu => vmIoctl(cpu, s, deleteMemslot(cpu, s)),
    },
    {
      name: 'create_memslot',
      summary: 'KVM_SET_USER_MEMORY_REGION2: kvm_gmem_bind(); nothing if there is a memslot',
      parameters: [],
      weight: 0.3,
      exists: true,
      run: cpu => vmIoctl(cpu, s, createMemslot(cpu, s)),
    },
    {
      name: 'recreate_memslot',
      summary: 'the VMM deletes its memslot and creates it again, as it does to change one',
      parameters: [],
      weight: 0.7,
      exists: true,
      run: cpu => vmIoctl(cpu, s, recreateMemslot(cpu, s)),
    },
    {
      name: 'close_gmem',
      summary: 'the last close() of the guest_memfd: kvm_gmem_release(), eviction of the inode',
      parameters: [],
      weight: 0.5,
      exists: true,
      run: cpu => closeGmem(cpu, s),
    },
    {
      name: 'close_vm',
      summary: 'close() of the VM: kvm_put_kvm(), kvm_destroy_vm()',
      parameters: [],
      weight: 0.5,
      exists: true,
      run: cpu => closeVm(cpu, s),
    },
    {
      name: 'alloc_page',
      summary: 'somebody else allocates a freed page and writes to it',
      parameters: [],
      weight: 0.5,
      exists: true,
      run: cpu => allocAndWrite(cpu, s),
    },
    {
      name: 'kernel_write',
      summary: 'unrelated kernel code writes its own page, in the same 2M of the direct map as guest pages',
      parameters: [],
      weight: 0.5,
      exists: rmp,
      run: cpu => kernelWrite(cpu, s),
    },
    {
      name: 'host_access',
      summary: 'the VMM writes through its mapping of the guest_memfd: kvm_gmem_fault_user_mapping()',
      parameters: [gfn],
      weight: 2,
      exists: d.mmap,
      run: (cpu, [g]) => gmemSyscall(cpu, s, hostAccess(cpu, s, g)),
    },
    {
      name: 'gup_write',
      summary: "kernel code writes a page of the VMM's mapping that it has pinned: get_user_pages()",
      parameters: [gfn],
      weight: 2,
      exists: d.mmap,
      run: (cpu, [g]) => gmemSyscall(cpu, s, gupWrite(cpu, s, g)),
    },
  ];
  return all.filter(operation => operation.exists);
}
