// The driver of test/maelstrom and its nodes as processes, as `npm run maelstrom` starts them.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const driver = fileURLToPath(new URL('../maelstrom/dist/maelstrom/driver/main.js', import.meta.url));
const forgetfulNode = fileURLToPath(new URL('../maelstrom/dist/maelstrom/testing/forgetful-node.js', import.meta.url));

// A busy machine takes longer for as many operations.
const size = ['--time-limit', '40', '--rate', '100'];
const faults = ['--nodes', '3', '--operations', '120', '--loss', '0.1', '--client-loss', '0.02', '--timeout', '1', '--recovery', '30'];
const partitions = ['--nemesis', 'partition', '--nemesis-interval', '1'];

interface Run {
  readonly exitCode: number | null;
  readonly output: string;
}

function run(...args: readonly string[]): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [driver, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}

function figure(output: string, name: string): number {
  return Number(new RegExp(`^ +${name} +(\\d+)`, 'm').exec(output)?.[1]);
}

/** The run held, and was no empty one. */
function expectHeld({ exitCode, output }: Run): void {
  expect(exitCode, output).toBe(0);
  expect(figure(output, 'write ok'), output).toBeGreaterThan(30);
  expect(figure(output, 'read ok'), output).toBeGreaterThan(30);
  expect(figure(output, 'partitions'), output).toBeGreaterThan(0);
  expect(figure(output, 'of these lost'), output).toBeGreaterThan(20);
}

test('[MAEL5] sets: every acknowledged value is on all nodes in the end, none is invented, under loss and partitions', async () => {
  const runs = await Promise.all([
    run('--workload', 'broadcast', '--library', 'yjs', ...size, ...faults, ...partitions),
    run('--workload', 'g-set', '--library', 'automerge', ...size, ...faults, ...partitions),
  ]);
  runs.forEach(expectHeld);
});

test('[MAEL6] counters: all nodes end with one possible sum, under loss and partitions', async () => {
  const runs = await Promise.all([
    run('--workload', 'g-counter', '--library', 'automerge', ...size, ...faults, ...partitions),
    run('--workload', 'pn-counter', '--library', 'yjs', ...size, ...faults, ...partitions),
  ]);
  runs.forEach(expectHeld);
});

test('[MAEL9] a node that forgets every tenth write is found out, and so is one that ends', async () => {
  // About half of the operations are writes, and of nineteen on two nodes one is the tenth of its node. Sums that only grow show each
  // that is missing, unless it adds nothing: of several one does.
  const quick = [...size, '--nodes', '2', '--operations', '60', '--recovery', '1'];
  const longer = [...size, '--nodes', '2', '--operations', '150', '--recovery', '1'];
  const [forgetful, counting, ended] = await Promise.all([
    run('--workload', 'broadcast', ...quick, '--bin', forgetfulNode),
    run('--workload', 'g-counter', ...longer, '--bin', forgetfulNode),
    run('--workload', 'broadcast', ...quick, '--bin', '/bin/false'),
  ]);
  expect(forgetful.exitCode, forgetful.output).toBe(1);
  expect(forgetful.output).toMatch(/lost: n\d does not have \d+ at the end/);
  expect(counting.exitCode, counting.output).toBe(1);
  expect(counting.output).toMatch(/impossible: n\d shows/);
  expect(ended.exitCode, ended.output).toBe(1);
  expect(ended.output).toContain('ended by itself');
});
