import { describe, expect, test } from 'vitest';
import { checkResultsPath, formatTally, tallyResults, testResultsPath } from '../../infra/scripts/tally.mjs';
import { fixtureTree } from './fixture-tree.ts';

const checks = [
  { name: 'types', isPassed: true },
  { name: 'layers', isPassed: true },
];
const report = {
  success: true,
  numTotalTests: 5,
  numPassedTests: 4,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 0,
  testResults: [],
};
const brokenFile = { status: 'failed', assertionResults: [] };
const failedFile = { status: 'failed', assertionResults: [{ status: 'failed' }] };

const tally = (results: { checks?: unknown; tests?: unknown }, exitCode = 0) =>
  formatTally(
    tallyResults(
      fixtureTree({
        ...('checks' in results && { [checkResultsPath]: JSON.stringify(results.checks) }),
        ...('tests' in results && { [testResultsPath]: JSON.stringify(results.tests) }),
      }),
      exitCode,
    ),
  );

describe('[CHECK5] the tally', () => {
  test('adds up static checks and tests', () => {
    expect(tally({ checks, tests: report })).toBe('6 passed, 0 failed, 1 skipped');
    expect(tally({ checks, tests: { ...report, numPendingTests: 0 } })).toBe('6 passed, 0 failed');
  });

  test('counts failures of both', () => {
    const failing = { ...report, numPassedTests: 2, numFailedTests: 2, testResults: [failedFile] };
    expect(tally({ checks: [...checks, { name: 'tidy', isPassed: false }], tests: failing })).toBe('4 passed, 3 failed, 1 skipped');
  });

  test('counts a test file that does not load, and an error outside of any test', () => {
    expect(tally({ checks, tests: { ...report, testResults: [brokenFile] } })).toBe('6 passed, 1 failed, 1 skipped');
    expect(tally({ checks, tests: report }, 1)).toBe('6 passed, 1 failed, 1 skipped');
  });

  test('counts missing, cut and empty results as failures', () => {
    expect(tally({})).toBe('0 passed, 2 failed');
    expect(tally({ checks })).toBe('2 passed, 1 failed');
    expect(tally({ tests: report })).toBe('4 passed, 1 failed, 1 skipped');
    const nothing = { ...report, numTotalTests: 0, numPassedTests: 0, numPendingTests: 0 };
    expect(tally({ checks, tests: nothing })).toBe('2 passed, 1 failed');
  });
});
