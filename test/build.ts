import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** When a file below a folder was last changed; 0 if there is none. */
function newest(folder: string): number {
  const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return Math.max(
    0,
    ...files.filter(file => file.isFile()).map(file => statSync(join(file.parentPath, file.name)).mtimeMs),
  );
}

function build(): void {
  const built = statSync(join(root, 'dist/cli/main.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Math.max(...['src', 'bench', 'scripts'].map(newest)) <= built) return;
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the build failed');
}

/** Tests run the build (vitest.config.ts): it is made anew if the sources have changed since. */
export default function setup(project: { onTestsRerun(callback: () => void): void }): void {
  build();
  project.onTestsRerun(build);
}
