declare module 'write-file-atomic' {
  /** Writes a file beside its place and renames it, so that readers see the old text or the new one. */
  export default function writeFileAtomic(path: string, text: string): Promise<void>;
}
