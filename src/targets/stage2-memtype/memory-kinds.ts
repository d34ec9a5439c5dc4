/** Bits of vma->vm_flags that the model uses. */
export const VM = { pfnmap: 1, mixedmap: 2, io: 4, mte: 8, mte_allowed: 16, allow_any_uncached: 32 } as const;
/** vma->vm_page_prot, reduced to the memory attribute: Normal or Normal-Tagged, Normal-NC, Device-nGnRE. */
export const Prot = { normal: 0, normal_nc: 1, device: 2 } as const;

/** vm_flags and vm_page_prot as people read them. */
export function showVmFlags(value: number): string {
  const names = Object.entries(VM).filter(([, bit]) => (value & bit) !== 0);
  return names.length === 0 ? '0' : names.map(([name]) => `VM_${name.toUpperCase()}`).join('|');
}
export function showProt(value: number): string {
  return ['Normal', 'Normal-NC', 'Device-nGnRE'][value] ?? String(value);
}

/** What an area of the VMM maps and what the memory behind it can do. */
export interface MemoryKind {
  readonly name: string;
  readonly vmFlags: number;
  readonly prot: number;
  /** pfn_is_map_memory(): RAM that the kernel was given at boot. */
  readonly mapMemory: boolean;
  /** pfn_valid(): there is a struct page, so GUP takes references. */
  readonly structPage: boolean;
  /** The kernel's linear map covers it, so that cache maintenance and tag clearing by the host reach it. */
  readonly linearMap: boolean;
  /** Reads have side effects: a guest runs no program in it. */
  readonly registers: boolean;
}

/** The kinds by number; only boot RAM has tags. */
export const kinds: readonly MemoryKind[] = [
  {
    name: 'ram',
    vmFlags: VM.mte_allowed,
    prot: Prot.normal,
    mapMemory: true,
    structPage: true,
    linearMap: true,
    registers: false,
  },
  {
    name: 'cxl',
    vmFlags: VM.pfnmap,
    prot: Prot.normal,
    mapMemory: false,
    structPage: false,
    linearMap: false,
    registers: false,
  },
  {
    name: 'vfio-bar',
    vmFlags: VM.pfnmap | VM.io | VM.allow_any_uncached,
    prot: Prot.device,
    mapMemory: false,
    structPage: false,
    linearMap: false,
    registers: true,
  },
  {
    name: 'pmem',
    vmFlags: VM.mixedmap,
    prot: Prot.normal,
    mapMemory: false,
    structPage: true,
    linearMap: true,
    registers: false,
  },
  {
    name: 'mmio',
    vmFlags: VM.pfnmap | VM.io,
    prot: Prot.device,
    mapMemory: false,
    structPage: false,
    linearMap: false,
    registers: true,
  },
];

export const RAM = 0;
