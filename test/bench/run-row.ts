// Runs one row in a fresh process on a fresh folder, within a time limit. The row and every process it starts form one
// process group, which is ended with the row, however that ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RowResult } from './bench-row.ts';
import { pinned } from './machine.ts';
import type { Row } from './rows.ts';

export interface RunOptions {
  readonly isQuick: boolean;
  /** Where the row's folder is made: on the kind of disk that a region would use. */
  readonly dataFolder: string;
  readonly interrupted: AbortSignal;
}

/** A row that takes longer is broken. */
const rowMsMax = 180_000;
/** The core that a pinned row runs on; the processes it starts are kept on core 0. */
const pinnedCore = 1;

/** @throws Error when the row fails, takes too long, or is interrupted. */
export async function runRow(row: Row, options: RunOptions): Promise<RowResult> {
  await mkdir(options.dataFolder, { recursive: true });
  const folder = await mkdtemp(join(options.dataFolder, `${row.name}-`));
  const child = startRow(row, folder, options.isQuick);
  const timeUp = AbortSignal.timeout(rowMsMax);
  const ends = [timeUp, options.interrupted];
  const end = (): void => endGroup(child);
  for (const signal of ends) signal.addEventListener('abort', end);
  try {
    return await resultOf(child);
  } catch (error) {
    if (options.interrupted.aborted) throw new Error('interrupted');
    throw timeUp.aborted ? new Error(`it took longer than ${rowMsMax / 1000} s`) : error;
  } finally {
    for (const signal of ends) signal.removeEventListener('abort', end);
    endGroup(child);
    await rm(folder, { recursive: true, force: true });
  }
}

function startRow(row: Row, folder: string, isQuick: boolean): ChildProcess {
  const script = fileURLToPath(new URL('./row-process.js', import.meta.url));
  const core = row.isPinned ? pinnedCore : undefined;
  const [command, args] = pinned(core, process.execPath, [script, row.name, folder, ...(isQuick ? ['quick'] : [])]);
  return spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true });
}

function resultOf(child: ChildProcess): Promise<RowResult> {
  return new Promise((resolve, reject) => {
    let result: RowResult | undefined;
    child.on('message', (message) => {
      result = message as RowResult;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0 && result !== undefined) resolve(result);
      else reject(new Error(`its process ended with ${code ?? signal}`));
    });
  });
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // Nobody is left of the group: that is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
