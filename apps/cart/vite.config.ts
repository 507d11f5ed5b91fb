// Builds the shop into dist/web, from the sources of the workspace packages it uses, and its service worker beside it.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  base: '/shop/',
  plugins: [react(), listFilesInWorker(['icon.svg'])],
  resolve: { conditions: ['anabranch-source', 'module', 'browser', 'development|production'] },
  build: {
    target: 'es2022',
    outDir: 'dist/web',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: pathOf('index.html'), 'service-worker': pathOf('src/worker/service-worker.ts') },
      output: { entryFileNames: ({ name }) => (name === 'service-worker' ? '[name].js' : 'assets/[name]-[hash].js') },
    },
  },
});

/** Tells the service worker which files there are, and their version: what the shop can need offline. */
function listFilesInWorker(publicFiles: readonly string[]): Plugin {
  return {
    name: 'list-files-in-worker',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const worker = bundle['service-worker.js'];
      if (worker?.type !== 'chunk' || !worker.code.includes('__SHOP_FILES__'))
        return this.error('the service worker has no place for its files');
      if (worker.imports.length > 0) return this.error(`the service worker imports ${worker.imports.join(', ')}`);
      const files = Object.keys(bundle).filter((name) => name !== worker.fileName && !name.endsWith('.map') && !isUnused(name));
      const hash = createHash('sha256').update(files.join(' '));
      for (const name of publicFiles) hash.update(readFileSync(pathOf(`public/${name}`)));
      const index = bundle['index.html'];
      if (index?.type !== 'asset') return this.error('there is no index.html');
      hash.update(index.source);
      worker.code = worker.code.replace('__SHOP_FILES__', [hash.digest('hex').slice(0, 16), ...files, ...publicFiles].join(' '));
    },
  };
}

/** The Automerge library, which the shop has no documents of. */
function isUnused(name: string): boolean {
  return /automerge/i.test(name);
}
