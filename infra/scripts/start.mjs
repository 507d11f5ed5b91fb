// `npm start`: prepares the clone, then runs the local world of apps/demo with the given arguments. Signals go on to it,
// and its exit code becomes ours.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { compile, install, root } from './prepare.mjs';

if (!(await install()) || !(await compile())) process.exit(1);

const demo = spawn(process.execPath, [join(root, 'apps/demo/dist/main.js'), ...process.argv.slice(2)], { stdio: 'inherit' });
process.on('SIGTERM', () => demo.kill('SIGTERM'));
process.on('SIGINT', () => {
  // A terminal sends Ctrl-C to the demo as well; only a signal sent to us alone has to be passed on.
  if (!process.stdin.isTTY) demo.kill('SIGINT');
});
demo.once('error', (error) => {
  console.error(`the demo did not start: ${error.message}`);
  process.exitCode = 1;
});
demo.once('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
});
