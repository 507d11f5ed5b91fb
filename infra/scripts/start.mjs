// Prepares the clone, then runs one of its programs: `start.mjs apps/demo/dist/main.js ...` is `npm start`. The program's
// exit code becomes ours.
//
// A program may take a second signal for impatience, but one Ctrl-C comes by several ways: the terminal signals everybody
// in the group, and npm passes on what it got. So the program gets a group of its own, and a signal only from here, once.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { firstTakenPort, portCount, readStartOptions, usage } from '../../apps/demo/start-options.mjs';
import { buildPages } from './pages.mjs';
import { compile, install, root } from './prepare.mjs';

/** The same signal again within this time is the same wish. */
const repeatMs = 500;

const [path = '', ...programArguments] = process.argv.slice(2);
if (path === 'apps/demo/dist/main.js') await lookBefore(programArguments);
if (!(await install()) || !(await compile())) process.exit(1);
// The programs of the demo serve pages; no other one does.
if (path.startsWith('apps/demo/') && !(await buildPages())) process.exit(1);

const program = spawn(process.execPath, [join(root, path), ...programArguments], { stdio: 'inherit', detached: true });

/** @type {NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
for (const signal of signals) {
  let passedOnMs = Number.NEGATIVE_INFINITY;
  process.on(signal, () => {
    if (performance.now() - passedOnMs < repeatMs) return;
    passedOnMs = performance.now();
    program.kill(signal);
  });
}
program.once('error', (error) => {
  console.error(`it did not start: ${error.message}`);
  process.exitCode = 1;
});
program.once('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
});

/**
 * Ends the process when the local world is asked for its options, cannot read them, or finds a port in use: nothing need be
 * compiled for that.
 * @param {readonly string[]} args
 */
async function lookBefore(args) {
  let options;
  try {
    options = readStartOptions(args);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nSee npm start -- --help.`);
    process.exit(2);
  }
  if (options.isHelp) {
    process.stdout.write(usage);
    process.exit(0);
  }
  const taken = options.portBase === 0 ? undefined : await firstTakenPort(options.portBase, portCount);
  if (taken === undefined) return;
  console.error(`port ${taken} is in use: npm start may be running already; stop what uses it, or choose other ports with --port-base`);
  process.exit(1);
}
