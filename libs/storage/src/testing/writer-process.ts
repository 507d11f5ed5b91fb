// Starts crash-writer in a process of its own. It runs compiled, as the real store does: `npx tsc -b` first.

import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { assert } from '@anabranch/base';

const source = fileURLToPath(new URL('./crash-writer.ts', import.meta.url));
const folder = join(dirname(source), '..', '..');
const program = join(folder, 'dist', 'testing', 'crash-writer.js');

export interface WriterOptions {
  readonly directory: string;
  /** Batches to commit before it ends by itself. */
  readonly batches: number;
  /** Commits handed over at the same time. */
  readonly underWay: number;
  /** A program that starts and watches it, with arguments. */
  readonly under?: readonly string[];
}

export interface WriterEnd {
  readonly lines: readonly string[];
  readonly errors: string;
  readonly exitCode: number | null;
}

export interface WriterProcess {
  readonly child: ChildProcess;
  readonly whenOpened: Promise<void>;
  readonly whenEnded: Promise<WriterEnd>;
}

/** Starts the writer; `onLine` sees each line as it comes. */
export function startWriter(options: WriterOptions, onLine: (line: string, child: ChildProcess) => void = () => {}): WriterProcess {
  assertCompiled();
  const { directory, batches, underWay, under = [] } = options;
  // One thread writes: a trace then counts the system calls of the commits alone.
  const [command = '', ...args] = [...under, 'env', 'UV_THREADPOOL_SIZE=1', process.execPath, program, directory];
  const child = spawn(command, [...args, String(batches), String(underWay)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const output = createInterface(child.stdout);
  const whenOpened = new Promise<void>((resolve) => {
    output.on('line', (line) => {
      lines.push(line);
      if (line === 'opened') resolve();
      onLine(line, child);
    });
  });
  const whenEnded = new Promise<WriterEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ lines, errors, exitCode }));
  });
  return { child, whenOpened, whenEnded };
}

/** The positions that the writer said were acknowledged. */
export function acknowledgedPositions(lines: readonly string[]): readonly number[] {
  return lines.filter((line) => line.startsWith('acked ')).map((line) => Number(line.slice('acked '.length)));
}

function assertCompiled(): void {
  const compiledMs = statSync(join(folder, 'tsconfig.tsbuildinfo'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' });
  const stale = sources.find((name) => /(?<!\.test)\.ts$/.test(name) && statSync(join(folder, 'src', name)).mtimeMs > compiledMs);
  assert(stale === undefined, () => `libs/storage is not compiled since ${stale} changed: run npx tsc -b libs/storage`);
}
