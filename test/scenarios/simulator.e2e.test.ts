// `npm run sim` as a program: its exit codes, and equal traces of one seed in two processes.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const program = join(fileURLToPath(new URL('../..', import.meta.url)), 'test/simulator/dist/main.js');

function run(...args: string[]): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, '--no-corpus', ...args], { encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

/** A seed with two devices. */
const seed = '18';

test('[SIM1] a seed leaves one trace in two processes; the program says what it ran', () => {
  const { code, output } = run('--seed', seed, '--minutes', '0.2', '--regions', '3', '--repeat');
  expect(output).toContain(`npm run sim -- --no-corpus --seed ${seed} --minutes 0.2 --regions 3 --plan swarm`);
  expect(output).toContain('1 seeds, ');
  expect(code).toBe(0);
});

test('[SIM5] wrong usage is refused with a code of its own, and --help tells of the others', () => {
  expect(run('--regions', '99').code).toBe(2);
  const { code, output } = run('--help');
  expect(code).toBe(0);
  expect(output).toContain('3 a promise was broken');
});
