import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isolation } from '../../infra/scripts/isolation.mjs';
import { within } from './until.ts';

/** Found among all processes by this. */
const seconds = '86399';

function sleepers(): readonly string[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && commandOf(entry) === `sleep\0${seconds}\0`);
}

/** Empty for a process that has ended meanwhile. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

test('[FAULT10] when what started an isolation is killed, the kernel ends everything inside, and with it networks and mounts', async () => {
  const inside = `mount -t tmpfs none /mnt && ip link add probe0 type veth peer name probe1 && echo made && exec sleep ${seconds}`;
  const [command = '', ...args] = [...isolation, 'sh', '-c', inside];
  const starter = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(starter.stdout, 'data');
  await within('the process inside runs', 5_000, async () => sleepers().length === 1);
  starter.kill('SIGKILL');
  await within('the process inside ends', 5_000, async () => sleepers().length === 0);
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toMatch(/^none \/mnt /m);
  expect(readFileSync('/proc/self/net/dev', 'utf8')).not.toMatch(/probe0/);
});
