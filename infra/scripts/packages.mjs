// The packages that can be published: what a registry would give its users is complete, and found by every tool.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/** Needs what the check of types has built. @param {string} root @returns {Promise<string[]>} problems */
export async function checkPackages(root) {
  const problems = [];
  for (const name of readdirSync(join(root, 'libs'))) {
    const folder = join(root, 'libs', name);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (manifest.private === true) continue;
    const { messages } = await publint({ pkgDir: folder, level: 'warning', strict: true });
    problems.push(...messages.map((message) => `libs/${name}: ${formatMessage(message, manifest) ?? message.code}`));
  }
  return problems;
}
