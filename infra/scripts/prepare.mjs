// Brings a fresh or updated clone to a state in which everything runs: a supported Node, the dependencies of the lock
// file, and the compiled packages. `npm start`, `npm test` and `npm run check` all begin here.
//
// Invariant 1: nothing is installed or compiled that is up to date, so that a second start costs a second.
// Invariant 2: only what Node brings is used here: this runs before any dependency is there.

import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the root package.json. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const nodeVersionMin = [20, 19];

/** Ends the process with a message when this Node is too old to run the project. */
function requireNodeVersion() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [majorMin = 0, minorMin = 0] = nodeVersionMin;
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return;
  console.error(`Anabranch needs Node ${nodeVersionMin.join('.')} or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

/** Installs the dependencies of the lock file unless they are there. @returns {Promise<boolean>} false when that failed */
export async function install() {
  requireNodeVersion();
  if (isInstalled()) return true;
  console.log('Installing the dependencies of package-lock.json (npm ci) ...');
  return (await npm('ci', '--no-audit', '--no-fund')) === 0;
}

/** Compiles what has changed. @returns {Promise<boolean>} false when that failed */
export async function compile() {
  console.log('Compiling what has changed (tsc -b) ...');
  return (await run(process.execPath, [tool('typescript/bin/tsc'), '-b'])) === 0;
}

/** The path of a command that a dependency brings. @param {string} path inside node_modules */
export function tool(path) {
  return join(root, 'node_modules', path);
}

/**
 * Runs a command to its end with our own standard streams.
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<number>} its exit code; 1 when a signal ended it
 */
export function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

// npm leaves a copy of the lock file in node_modules as the last thing it installs.
function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

/** @param {readonly string[]} args */
function npm(...args) {
  const npmCli = process.env['npm_execpath'];
  return npmCli === undefined ? run('npm', args) : run(process.execPath, [npmCli, ...args]);
}
