// The checks that run no product code, one after the other, each with its name and duration. A failing one shows its
// output and does not keep the next from running. `npm run check` is these; `npm test` begins with them.

import { spawn } from 'node:child_process';
import { checkLayers } from './layers.mjs';
import { checkPackages } from './packages.mjs';
import { root, tool } from './prepare.mjs';
import { checkSpec } from './spec.mjs';
import { checkTidy } from './tidy.mjs';
import { checkVersions } from './versions.mjs';

/** @typedef {{ name: string, problems: () => Promise<string> }} Check `problems` is empty when the check passed */
/** @typedef {{ name: string, isPassed: boolean }} CheckResult */

/** @type {readonly Check[]} */
const checks = [
  { name: 'format and lint', problems: () => outputOnFailure('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.') },
  { name: 'types', problems: () => outputOnFailure('typescript/bin/tsc', '-b') },
  { name: 'types of tests and scripts', problems: () => outputOnFailure('typescript/bin/tsc', '-p', 'tsconfig.test.json') },
  { name: 'layers', problems: async () => checkLayers(root).problems.join('\n') },
  { name: 'unused code', problems: () => outputOnFailure('knip/bin/knip.js') },
  { name: 'generated documents', problems: () => outputOf('infra/scripts/generate-errors.mjs', '--check') },
  { name: 'specification', problems: async () => checkSpec(root).join('\n') },
  { name: 'packages', problems: async () => (await checkPackages(root)).join('\n') },
  { name: 'versions', problems: async () => checkVersions(root).join('\n') },
  { name: 'tidiness', problems: async () => checkTidy(root).join('\n') },
];

/** Runs all checks and prints each result. @returns {Promise<CheckResult[]>} */
export async function runStaticChecks() {
  /** @type {CheckResult[]} */
  const results = [];
  for (const { name, problems } of checks) {
    const startMs = performance.now();
    const text = await problems();
    const isPassed = text === '';
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(`${isPassed ? 'ok    ' : 'FAILED'}  ${name} (${seconds} s)`);
    if (!isPassed) console.log(`\n${text.trimEnd()}\n`);
    results.push({ name, isPassed });
  }
  return results;
}

/** Runs a command of a dependency. @param {string} path inside node_modules @param {readonly string[]} args */
function outputOnFailure(path, ...args) {
  return outputOf(tool(path), ...args);
}

/**
 * Runs a script to its end.
 * @param {string} script
 * @param {readonly string[]} args
 * @returns {Promise<string>} what it printed when it failed; empty when it succeeded
 */
function outputOf(script, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0 ? '' : output || `ended with exit code ${code}, without output`));
  });
}
