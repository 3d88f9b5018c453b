import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const SERVICE = 'http://localhost:3000';

export default defineConfig({
  root: here('.'),
  build: {
    outDir: here('../../dist/console'),
    emptyOutDir: true,
    // The policy of the service allows no inline scripts, and data: fonts or images gain nothing here.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  // `npx vite apps/console` beside a running service: the page reloads as its sources change.
  server: {
    proxy: {
      '/api': SERVICE,
      '/readyz': SERVICE,
      '/socket.io': { target: SERVICE, ws: true },
    },
  },
});
