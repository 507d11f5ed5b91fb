#!/usr/bin/env -S node --max-semi-space-size=64
// The `anabranch` command of a clone: npm links it when it installs, before anything is compiled. The flag above is that of
// src/node-flags.ts, which says why.

import { existsSync } from 'node:fs';

const program = new URL('../dist/main.js', import.meta.url);
if (existsSync(program)) await import(program.href);
else {
  process.stderr.write('anabranch: not compiled yet: run npm run build first\n');
  process.exitCode = 1;
}
