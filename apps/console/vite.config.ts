// Builds the pages of the local world into dist/web: the index with its tour, and the console; what they use of the workspace from
// its sources.

import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  base: '/',
  plugins: [react()],
  resolve: { conditions: ['anabranch-source', 'module', 'browser', 'development|production'] },
  build: {
    target: 'es2022',
    outDir: 'dist/web',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { index: pathOf('index.html'), console: pathOf('console/index.html') } },
  },
});
