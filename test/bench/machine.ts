// What the figures depend on besides the code: the machine, and what else runs on it.

import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
  };
}

const canPin = spawnSync('taskset', ['-V'], { stdio: 'ignore' }).status === 0;

/** The command that runs `command` on one core, where the system can do that. */
export function pinned(core: number | undefined, command: string, args: readonly string[]): [string, string[]] {
  if (core === undefined || !canPin) return [command, [...args]];
  return ['taskset', ['-c', String(core % availableParallelism()), command, ...args]];
}

/** Which part of all cores was in use in a short while: what others leave us. 0 to 1. */
export async function sampleLoad(sampleMs: number): Promise<number> {
  const before = busyAndTotal();
  await new Promise((resolve) => setTimeout(resolve, sampleMs));
  const after = busyAndTotal();
  return (after.busy - before.busy) / Math.max(1, after.total - before.total);
}

function busyAndTotal(): { busy: number; total: number } {
  let [busy, total] = [0, 0];
  for (const { times } of cpus()) {
    const used = times.user + times.nice + times.sys + times.irq;
    busy += used;
    total += used + times.idle;
  }
  return { busy, total };
}
