import type { CacheablePfnmap, Design } from './design.ts';
import { MemType } from './entries.ts';
import { type MemoryKind, Prot, VM } from './memory-kinds.ts';

/** What user_mem_abort() takes from the VMA. */
export interface VmaFacts {
  readonly vmFlags: number;
  readonly prot: number;
}

/** Returned where the memory may not be mapped: -EINVAL at the memslot, -EFAULT at the fault. */
export const REFUSED = -1;

/** The rules below that refuse, and those that map cacheable, ask for this (kvm_supports_cacheable_pfnmap(), v6.17). */
function supportsCacheablePfnmap(d: Design): boolean {
  return d.fwb && d.dic;
}

function uncachedType(d: Design, vma: VmaFacts): number {
  if (d.uncached === 'nc') return MemType.NonCacheable;
  const any = d.uncached === 'any-uncached' && (vma.vmFlags & VM.allow_any_uncached) !== 0;
  return any ? MemType.NonCacheable : MemType.Device;
}

function isDevice(d: Design, vma: VmaFacts, memory: MemoryKind): boolean {
  switch (d.deviceBy) {
    case 'map-memory':
      return !memory.mapMemory;
    case 'pgprot':
      return !memory.mapMemory || vma.prot !== Prot.normal;
    case 'pfnmap':
      return (vma.vmFlags & (VM.pfnmap | VM.mixedmap)) !== 0 && !memory.mapMemory;
  }
}

/** Whether a rule refuses memory that the VMM maps cacheable, on this machine. */
function refusesCacheable(d: Design, rule: CacheablePfnmap): boolean {
  return rule === 'refuse' || (rule === 'if-fwb-dic' && !supportsCacheablePfnmap(d));
}

/** The stage-2 memory type that a design gives to memory `memory` found through an area `vma`, or REFUSED. */
export function memoryType(d: Design, vma: VmaFacts, memory: MemoryKind): number {
  if (d.cacheablePfnmap === 'if-fwb' && !d.fwb && !(memory.structPage && memory.linearMap)) return REFUSED;
  if (!isDevice(d, vma, memory)) return MemType.WriteBack;
  if (d.deviceBy === 'map-memory' || vma.prot !== Prot.normal) return uncachedType(d, vma);
  if (refusesCacheable(d, d.cacheablePfnmap)) return REFUSED;
  return d.cacheablePfnmap === 'uncached' ? uncachedType(d, vma) : MemType.WriteBack;
}

/** Whether kvm_is_device_pfn() still has a say, and says yes: then MTE is not looked at, and nothing is executed. */
export function isDevicePfn(d: Design, memory: MemoryKind): boolean {
  return d.devicePfnChecks && !memory.mapMemory;
}

/** What becomes of Normal-WB if the VM has MTE and the area lacks VM_MTE_ALLOWED. */
export function typeWithoutTags(d: Design): number {
  switch (d.mteGate) {
    case 'refuse':
      return REFUSED;
    case 'nc':
      return MemType.NonCacheable;
    case 'no-tag-access':
      return MemType.NoTagAccess;
    default:
      return MemType.WriteBack;
  }
}

/** Both steps of the fault: memory type, then the gate of MTE. */
export function finalType(d: Design, vma: VmaFacts, memory: MemoryKind, mte: boolean): number {
  const type = memoryType(d, vma, memory);
  if (type !== MemType.WriteBack || !mte || (vma.vmFlags & VM.mte_allowed) !== 0) return type;
  if (isDevicePfn(d, memory)) return type;
  return typeWithoutTags(d);
}

/** kvm_arch_prepare_memory_region(): whether an area may be part of a memslot. */
export function slotAllowed(d: Design, vma: VmaFacts, mte: boolean): boolean {
  if (mte && d.slotMteCheck && (vma.vmFlags & VM.mte_allowed) === 0) return false;
  const cacheablePfnmap = (vma.vmFlags & VM.pfnmap) !== 0 && vma.prot === Prot.normal;
  return !(cacheablePfnmap && d.deviceBy !== 'map-memory' && refusesCacheable(d, d.cacheablePfnmap));
}
