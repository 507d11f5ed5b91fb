// What a person gets to see of a failed seed: enough to run it again and to begin looking.

import { spawnSync } from 'node:child_process';
import { describeFault } from '../faults/fault-event.ts';
import type { Minimised } from './minimise.ts';
import type { RunResult } from './run-seed.ts';
import { commandOf } from './sim-options.ts';

const violationsShown = 5;
const detailsCharsMax = 2_000;

export function reportOf(failed: RunResult, minimised: Minimised | undefined, directory: string): string {
  const { result, runs, isMinimal } = minimised ?? { result: failed, runs: 0, isMinimal: false };
  const { options, regions, topology, faults } = result.plan;
  const size = runs === 0 ? '' : ` (of ${failed.plan.faults.length}, after ${runs} runs${isMinimal ? '' : ', time was over'})`;
  return [
    `FAILED seed ${options.seed} at ${revision(directory)}: ${regions.length} regions, ${topology}`,
    ...result.violations.slice(0, violationsShown).map((violation) => `  ${textOf(violation)}`),
    ...(result.violations.length > violationsShown ? [`  and ${result.violations.length - violationsShown} more`] : []),
    `replay: ${commandOf(options)}`,
    `the seed as drawn: ${commandOf(failed.plan.options)}`,
    `faults${size}:`,
    ...faults.map((fault) => `  ${describeFault(fault)}`),
    'the last lines of the trace:',
    ...result.traceLines.map((line) => `  ${line}`),
  ].join('\n');
}

function textOf({ checker, message, details }: RunResult['violations'][number]): string {
  const text = JSON.stringify(details) ?? '';
  return `${checker}: ${message} ${text.length > detailsCharsMax ? `${text.slice(0, detailsCharsMax)}...` : text}`;
}

/** The commit that the folder is at. */
export function revision(directory: string): string {
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty', '--exclude=*'], { cwd: directory, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'an unknown revision';
}
