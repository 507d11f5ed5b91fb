// `npm test`: installs what is missing, runs the static checks (which compile), then every test. Both always run, so that one look shows all
// that is wrong; the exit code is 0 only when nothing is. The results stay in test/output for tally.mjs.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installOutsideTools, testTools } from './outside-tools.mjs';
import { buildPages } from './pages.mjs';
import { install, root, run, tool } from './prepare.mjs';
import { checkResultsPath, testResultsPath } from './tally.mjs';

for (const path of [checkResultsPath, testResultsPath]) rmSync(join(root, path), { force: true });
if (!(await install()) || !(await installOutsideTools(testTools))) process.exit(1);

if (!(await buildPages())) process.exit(1);

const { runStaticChecks } = await import('./static-checks.mjs');
const results = await runStaticChecks();
mkdirSync(join(root, 'test/output'), { recursive: true });
writeFileSync(join(root, checkResultsPath), JSON.stringify(results));

process.env['NO_COLOR'] = '1';
delete process.env['FORCE_COLOR'];
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${testResultsPath}`, '--project=!faults'];
const testsExitCode = await run(process.execPath, [tool('vitest/vitest.mjs'), 'run', ...reporters, ...process.argv.slice(2)]);
process.exitCode = results.every((result) => result.isPassed) && testsExitCode === 0 ? 0 : 1;
