import { defineConfig } from 'vitest/config';
import { sitesPlugin } from './scripts/sites.mjs';

// Models are imported from src/ with the sites that the build gives them; tests of workers and commands use dist/.
export default defineConfig({
  plugins: [sitesPlugin()],
  test: { include: ['test/**/*.test.{ts,tsx}'], testTimeout: 60_000 },
});
