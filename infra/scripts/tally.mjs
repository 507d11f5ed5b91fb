// Counts what `npm test` left in test/output: `12 passed, 0 failed`, with `, 1 skipped` when tests were skipped. A
// static check counts as one test. Results that are missing (a crash, a timeout) count as one failure each.
//
// Run as a script, with the exit code of `npm test`, it prints that line and exits with 0 only when nothing failed.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './prepare.mjs';

export const checkResultsPath = 'test/output/checks.json';
export const testResultsPath = 'test/output/tests.json';

/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/**
 * @param {string} folder the root of the tree that was tested
 * @param {number} exitCode of `npm test`: a failure that shows nowhere else (an error between tests) still counts
 * @returns {Tally}
 */
export function tallyResults(folder, exitCode) {
  const checks = tallyChecks(readJson(join(folder, checkResultsPath)));
  const tests = tallyTests(readJson(join(folder, testResultsPath)));
  const failed = checks.failed + tests.failed;
  return { passed: checks.passed + tests.passed, failed: Math.max(failed, exitCode === 0 ? 0 : 1), skipped: tests.skipped };
}

/** @param {Tally} tally */
export function formatTally({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** @param {any} results @returns {Tally} */
function tallyChecks(results) {
  if (!Array.isArray(results)) return { passed: 0, failed: 1, skipped: 0 };
  const passed = results.filter((result) => result.isPassed).length;
  return { passed, failed: results.length - passed, skipped: 0 };
}

// A file that does not even load has no tests in the report, only the status of the file.
/** @param {any} report @returns {Tally} */
function tallyTests(report) {
  if (report?.numTotalTests === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const brokenFiles = report.testResults.filter(isBroken).length;
  const failed = report.numFailedTests + brokenFiles + (report.numTotalTests === 0 ? 1 : 0);
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests };
}

/** @param {any} file */
function isBroken(file) {
  return file.status === 'failed' && !file.assertionResults.some((/** @type {any} */ result) => result.status === 'failed');
}

/** @param {string} path @returns {unknown} undefined when there is no readable file */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const tally = tallyResults(root, Number(process.argv[2]));
  console.log(formatTally(tally));
  process.exitCode = tally.failed === 0 ? 0 : 1;
}
