import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { sitesPlugin } from './scripts/sites.mjs';

const root = import.meta.dirname;

/**
 * Imports of src/ get the built module of dist/, as Node loads it: tests run what users run, models with their sites and
 * constants written in, and searches take less than half the time that they take through Vite's module loader.
 */
const built = {
  name: 'pagestorm-built',
  enforce: 'pre' as const,
  resolveId(source: string, importer: string | undefined) {
    if (importer === undefined || !/\.tsx?$/.test(source)) return undefined;
    const path = relative(join(root, 'src'), join(dirname(importer.split('?')[0] ?? ''), source));
    if (path.startsWith('..')) return undefined;
    const file = join(root, 'dist', path.replace(/\.tsx?$/, '.js'));
    if (!existsSync(file)) throw new Error(`${source} is not built: npm run build`);
    return { id: file, external: true };
  },
};

export default defineConfig({
  plugins: [built, sitesPlugin()],
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    // For what hangs: many tests start processes, which on a machine with much else to do take ten times as long.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // One core less than there are, which is Vitest's choice, leaves small machines idle: many tests wait for processes.
    maxWorkers: '100%',
    globalSetup: ['./test/build.ts', './test/watchdog.ts'],
    server: { deps: { external: [/\/dist\//] } },
  },
});
