// `npm run test:faults [-- --seed N] [part of a file's name ...]`: what a simulator cannot see, done to real processes. Installs
// and compiles what is missing, tries every privilege that the tests use, and runs them in namespaces of their own.
//
//   this script (no privilege of its own is used on the machine)
//     `- setpriv, unshare: network, mounts and processes of their own
//          `- vitest --project faults
//
//  1. Whatever ends this script or the tests, the kernel ends every process inside, and takes their networks, rules and mounts
//     away with the last of them: nothing is left to clean up.
//  2. A missing tool or privilege is named, with what brings it, and fails the command; no test is skipped for want of one.

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isolation, privileges, refusedPrivileges } from './isolation.mjs';
import { faultTools, installOutsideTools } from './outside-tools.mjs';
import { compile, install, root, tool } from './prepare.mjs';

const resultsPath = 'test/output/faults.json';

/** @param {readonly string[]} args @returns {{ seed: number, filters: readonly string[] } | undefined} */
function parseArguments(args) {
  const at = args.indexOf('--seed');
  if (at < 0) return { seed: Date.now() % 1_000_000, filters: args };
  const seed = args[at + 1] ?? '';
  return /^\d{1,9}$/.test(seed) ? { seed: Number(seed), filters: args.toSpliced(at, 2) } : undefined;
}

/** @param {number} seed @param {readonly string[]} filters @returns {Promise<number>} the exit code of the tests */
function runIsolated(seed, filters) {
  const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${resultsPath}`];
  const tests = [process.execPath, tool('vitest/vitest.mjs'), 'run', '--project=faults', ...reporters, ...filters];
  const [command = '', ...args] = [...isolation, ...tests];
  const variables = {
    ANABRANCH_FAULTS_OUTER_NETWORK: readlinkSync('/proc/self/ns/net'),
    ANABRANCH_TEST_SEED: String(seed),
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
  };
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...variables } });
  // unshare waits for what is inside and takes no heed of polite signals; with it, all inside ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** A line for each test, and how many there were. @param {number} exitCode @returns {boolean} whether all passed */
function summarize(exitCode) {
  /** @type {any} */
  let report;
  try {
    report = JSON.parse(readFileSync(join(root, resultsPath), 'utf8'));
  } catch {
    console.error('\nThe tests ended before they could report.');
    return false;
  }
  const results = report.testResults.flatMap((/** @type {any} */ file) => file.assertionResults);
  console.log('\nFaults of real processes:');
  for (const { status, title, duration } of results) {
    console.log(`  ${status === 'passed' ? 'ok    ' : 'FAILED'}  ${title} (${((duration ?? 0) / 1000).toFixed(1)} s)`);
  }
  const passed = results.filter((/** @type {any} */ result) => result.status === 'passed').length;
  console.log(`${passed} passed, ${results.length - passed} failed`);
  return exitCode === 0 && passed > 0 && passed === results.length;
}

const startMs = performance.now();
const options = parseArguments(process.argv.slice(2));
if (options === undefined) {
  console.error('Usage: npm run test:faults [-- --seed N] [part of the name of a test file ...]');
  process.exit(2);
}
if (!(await install()) || !(await compile()) || !(await installOutsideTools(faultTools))) process.exit(1);
const refused = refusedPrivileges(privileges, isolation);
for (const text of refused) console.error(text);
if (refused.length > 0) process.exit(1);
mkdirSync(join(root, 'test/output'), { recursive: true });
rmSync(join(root, resultsPath), { force: true });
console.log(`Seed ${options.seed}. Regions are killed, stopped, cut off and given bad disks for some minutes ...`);
const isPassed = summarize(await runIsolated(options.seed, options.filters));
console.log(
  `${((performance.now() - startMs) / 1000).toFixed(0)} s; the same choices again: npm run test:faults -- --seed ${options.seed}`,
);
process.exitCode = isPassed ? 0 : 1;
