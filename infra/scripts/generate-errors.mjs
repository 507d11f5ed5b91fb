// Writes docs/errors.md from the one registry of errors, as it was compiled. `--check` writes nothing and fails when the
// file is not what it would write.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodes } from '../../libs/base/dist/index.js';
import { root } from './prepare.mjs';

const path = join(root, 'docs/errors.md');

const lines = [
  '# Errors',
  '',
  'Generated from `libs/base/src/error-codes.ts` by `npm run docs`. A code never changes its meaning. REST answers carry it',
  'as `code` in an `application/problem+json` body (RFC 9457) with the given status; links and sessions close with it as',
  'the reason. *Retry*: the same request may succeed later without being changed.',
  '',
  '| code | status | retry | meaning |',
  '|---|---|---|---|',
  ...Object.entries(errorCodes).map(
    ([code, { status, retryable, meaning }]) =>
      `| \`${code}\` | ${status} | ${retryable ? 'yes' : ''} | ${meaning.replaceAll('|', '\\|')} |`,
  ),
  '',
];
const text = lines.join('\n');

if (!process.argv.includes('--check')) {
  writeFileSync(path, text);
} else if (readFileSync(path, 'utf8') !== text) {
  console.error('docs/errors.md is not up to date: run `npm run docs`');
  process.exitCode = 1;
}
