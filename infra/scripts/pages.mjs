// Builds the pages of the apps that have any: each folder below apps with a vite.config.ts, into its dist/web. Pages are made
// of the sources of the packages they use, so these count as theirs.
//
// Invariant 1: a page is built anew when a source, its configuration or a dependency is newer than what was built, or gone.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, tool } from './prepare.mjs';

/** The packages that pages are made of, the collections that they show, the words of links, and the palette that they share. */
const sharedSources = [
  ...['base', 'causality', 'crdt', 'protocol', 'client'].map((name) => join('libs', name, 'src')),
  ...['world-collections.ts', 'link-words.ts'].map((name) => join('apps', 'demo', 'src', name)),
  join('infra', 'pages'),
];
const passedOver = new Set(['dist', 'node_modules', 'tsconfig.tsbuildinfo']);

/** Builds what has changed. @returns {Promise<boolean>} false when that failed */
export async function buildPages() {
  for (const app of readdirSync(join(root, 'apps'))) {
    const folder = join('apps', app);
    if (!existsSync(join(root, folder, 'vite.config.ts'))) continue;
    const state = stateOf([folder, ...sharedSources, 'package-lock.json']);
    const marker = join(root, folder, 'dist', 'web.built');
    const isBuilt = existsSync(join(root, folder, 'dist', 'web', 'index.html'));
    if (isBuilt && existsSync(marker) && readFileSync(marker, 'utf8') === state) continue;
    console.log(`Building the pages of ${folder} (vite) ...`);
    rmSync(marker, { force: true });
    const code = await run(process.execPath, [tool('vite/bin/vite.js'), 'build', folder, '--logLevel', 'warn', '--emptyOutDir']);
    if (code !== 0) return false;
    mkdirSync(join(root, folder, 'dist'), { recursive: true });
    writeFileSync(marker, state);
  }
  return true;
}

/** Which files there are, and when the newest was changed. @param {readonly string[]} paths */
function stateOf(paths) {
  let count = 0;
  let newestMs = 0;
  /** @param {string} path */
  const visit = (path) => {
    const stats = statSync(path);
    if (stats.isDirectory()) {
      for (const name of readdirSync(path)) if (!passedOver.has(name)) visit(join(path, name));
      return;
    }
    count += 1;
    newestMs = Math.max(newestMs, stats.mtimeMs);
  };
  for (const path of paths) visit(join(root, path));
  return `${count} ${newestMs}\n`;
}
