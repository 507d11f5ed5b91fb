// The bugs that are planted to see whether the simulator finds them: all of them fit the product as it is compiled now, and
// one is planted and found. `npm run mutants` tries them all.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutants } from '../simulator/mutants/mutants.ts';

const root = join(import.meta.dirname, '../..');
const program = join(root, 'test/simulator/dist/mutants/main.js');

test('[SIM12] every planted bug fits the product: its text is there once', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  for (const { name, replacements } of mutants) {
    for (const { file, find } of replacements) {
      const places = readFileSync(join(root, 'libs', file), 'utf8').split(find).length - 1;
      expect(places, `${name} in ${file}`).toBe(1);
    }
  }
});

test('[SIM12] a planted bug is found, and the checker that found it is named', () => {
  const args = ['--only', 'key-with-two-writers', '--seeds', '20', '--seed', '1', '--minutes', '0.5'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', timeout: 110_000 });
  expect(`${stdout}${stderr}`).toMatch(/key-with-two-writers +found by [a-z-]+ in seed \d+/);
  expect(status).toBe(0);
});
