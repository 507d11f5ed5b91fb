// What a store answers to everything that can be asked of it, read by programs of their own (store-reader.ts), which a damaged
// store may end; and how the answers of a damaged store differ from those of the intact one.
//
//  1. An answer that is not the intact one, and no refusal with a documented code, is a silent difference.
//  2. A verdict other than "intact" is given by a program that has read no damaged store before.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./dist/store-reader.js', import.meta.url));
/** A reader that takes longer for one small store hangs. */
const readMsMax = 20_000;

export interface StoreReport {
  readonly answers?: Readonly<Record<string, string>>;
  /** The store was not opened: `code: ...`, or `error: ...` without a documented code. */
  readonly refused?: string;
  /** The signal that ended the reader, or `hang`. */
  readonly crashed?: string;
  readonly questions?: unknown;
}

export class StoreReader {
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;
  #lines: AsyncIterableIterator<string> | undefined;

  /** Takes the region's configuration and a file of questions; without one it asks for what the store says it holds. */
  constructor(configPath: string, questionsPath?: string) {
    if (!existsSync(program)) throw new Error(`${program} is missing: npm run build`);
    this.#arguments = [configPath, ...(questionsPath === undefined ? [] : [questionsPath])];
  }

  /** Reads a store in the program of the last call, or, if that has ended, in a new one. */
  async read(folder: string): Promise<StoreReport> {
    const child = this.#child ?? this.#start();
    child.stdin?.write(`${folder}\n`);
    const deadline = setTimeout(() => child.kill('SIGKILL'), readMsMax);
    const line = await this.#lines?.next();
    clearTimeout(deadline);
    if (line?.done !== true && line !== undefined) return JSON.parse(line.value);
    this.#child = undefined;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return { crashed: child.signalCode === 'SIGKILL' ? 'hang' : String(child.signalCode ?? child.exitCode) };
  }

  /** Reads a store in a program that has read none before. */
  async readAfresh(folder: string): Promise<StoreReport> {
    await this.end();
    const report = await this.read(folder);
    await this.end();
    return report;
  }

  async end(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.stdin?.end();
    await once(child, 'exit');
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, [program, ...this.#arguments], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return child;
  }
}

/** From the best to the worst that a damaged store can do. */
export const verdicts = ['intact', 'detected', 'refused', 'uncoded', 'crashed', 'silent'] as const;
export type Verdict = (typeof verdicts)[number];

export interface Judgement {
  readonly verdict: Verdict;
  /** What led to it, for messages. */
  readonly details: readonly string[];
}

/** How a damaged store's report differs from the intact one's answers. */
export function judge(intact: Readonly<Record<string, string>>, report: StoreReport): Judgement {
  if (report.crashed !== undefined) return { verdict: 'crashed', details: [report.crashed] };
  if (report.refused !== undefined) {
    return { verdict: report.refused.startsWith('code: ') ? 'refused' : 'uncoded', details: [report.refused] };
  }
  const answers = report.answers ?? {};
  const different = Object.entries(intact).filter(([question, answer]) => answers[question] !== answer);
  const texts = different.map(([question]) => `${question}: ${answers[question]}`);
  const of = (prefix: string): readonly string[] =>
    different.flatMap(([question], index) => (answers[question]?.startsWith(prefix) === true ? (texts[index] ?? []) : []));
  const [coded, uncoded] = [of('code: '), of('error: ')];
  if (different.length > coded.length + uncoded.length) {
    return { verdict: 'silent', details: texts.filter((text) => !coded.includes(text) && !uncoded.includes(text)) };
  }
  if (uncoded.length > 0) return { verdict: 'uncoded', details: uncoded };
  return { verdict: coded.length > 0 ? 'detected' : 'intact', details: coded };
}
