// Prepares the clone, then runs one of its programs: `start.mjs apps/demo/dist/main.js ...` is `npm start`. Signals go on
// to the program, and its exit code becomes ours.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { compile, install, root } from './prepare.mjs';

if (!(await install()) || !(await compile())) process.exit(1);

const [path = '', ...programArguments] = process.argv.slice(2);
const program = spawn(process.execPath, [join(root, path), ...programArguments], { stdio: 'inherit' });
process.on('SIGTERM', () => program.kill('SIGTERM'));
process.on('SIGINT', () => {
  // A terminal sends Ctrl-C to the program as well; only a signal sent to us alone has to be passed on.
  if (!process.stdin.isTTY) program.kill('SIGINT');
});
program.once('error', (error) => {
  console.error(`it did not start: ${error.message}`);
  process.exitCode = 1;
});
program.once('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
});
