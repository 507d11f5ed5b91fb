// `npm run check`: everything that can be said about the project without running it, in less than a minute.

import { install } from './prepare.mjs';

if (!(await install())) process.exit(1);
// Imported late: the checks need the dependencies that may just have been installed.
const { runStaticChecks } = await import('./static-checks.mjs');
const results = await runStaticChecks();
process.exitCode = results.every((result) => result.isPassed) ? 0 : 1;
