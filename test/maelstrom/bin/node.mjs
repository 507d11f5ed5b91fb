#!/usr/bin/env node
// The program that a Maelstrom test runs as each of its nodes; see ../README.md.

import { existsSync } from 'node:fs';

const program = new URL('../dist/maelstrom/node/main.js', import.meta.url);
if (existsSync(program)) await import(program.href);
else {
  process.stderr.write('not compiled yet: run npm run build first\n');
  process.exitCode = 1;
}
