import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const foldersSkipped = new Set(['node_modules', 'dist', 'coverage', '.git', '.anabranch']);

/**
 * Every file below `root` that belongs to the project: no dependencies, no compiled or written output.
 * @param {string} root
 * @param {string} [folder] relative to root; default: all of it
 * @returns {string[]} paths relative to root, with forward slashes, sorted
 */
export function projectFiles(root, folder = '') {
  /** @type {string[]} */
  const files = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!foldersSkipped.has(entry.name) && path !== 'test/output') files.push(...projectFiles(root, path));
    } else if (entry.isFile() && !entry.name.endsWith('.tsbuildinfo')) {
      files.push(path);
    }
  }
  return files.sort();
}
