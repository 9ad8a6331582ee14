import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** The service that the development server passes requests of the API on to. */
const service = process.env.ORICHALCUM_URL ?? 'http://127.0.0.1:8421';

export default defineConfig({
  plugins: [svelte()],
  // Relative addresses: the built files work wherever the service is mounted.
  base: './',
  build: {
    outDir: '../service/dashboard/static',
    emptyOutDir: true,
    target: 'es2022',
    // Fonts and pictures as data: URLs would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2500,
  },
  server: {
    proxy: Object.fromEntries(['/v1', '/health', '/docs', '/openapi.json'].map((path) => [path, service])),
  },
  // Component tests run Svelte's browser build.
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  // Without a DOM, which takes seconds to make; files that need one say so in their first line.
  test: { environment: 'node', include: ['src/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
});
