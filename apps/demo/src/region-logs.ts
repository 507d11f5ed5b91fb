// What the regions print: all of it goes to a file for each region, what people must look at to the terminal as well.
//
// Invariant 1: the files of a region hold at most twice `fileBytesMax`: a full one replaces the one before it.
// Invariant 2: no line is lost to a file that cannot be written: from then on the lines of its region go to the terminal.

import { appendFileSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isForPeople, regionLine } from './region-line.ts';
import type { RegionName } from './world-plan.ts';

const fileBytesMaxDefault = 8 << 20;

export interface RegionLogsOptions {
  /** Made when there is a line to write. */
  readonly folder: string;
  /** Every line to the terminal too. */
  readonly isVerbose: boolean;
  readonly print: (line: string) => void;
  readonly fileBytesMax?: number;
}

export class RegionLogs {
  readonly #options: RegionLogsOptions;
  readonly #fileBytesMax: number;
  /** Bytes in the file of each region. */
  readonly #sizes = new Map<RegionName, number>();
  readonly #unwritable = new Set<RegionName>();

  constructor(options: RegionLogsOptions) {
    this.#options = options;
    this.#fileBytesMax = options.fileBytesMax ?? fileBytesMaxDefault;
  }

  take(name: RegionName, line: string): void {
    this.#write(name, line);
    if (this.#options.isVerbose || this.#unwritable.has(name) || isForPeople(line)) this.#options.print(regionLine(name, line));
  }

  #write(name: RegionName, line: string): void {
    if (this.#unwritable.has(name)) return;
    const path = join(this.#options.folder, `${name}.log`);
    const text = `${line}\n`;
    try {
      let size = this.#sizes.get(name) ?? this.#begin(path);
      if (size > 0 && size + Buffer.byteLength(text) > this.#fileBytesMax) {
        renameSync(path, join(this.#options.folder, `${name}.previous.log`));
        size = 0;
      }
      appendFileSync(path, text);
      this.#sizes.set(name, size + Buffer.byteLength(text));
    } catch (error) {
      this.#unwritable.add(name);
      this.#options.print(
        regionLine(name, `its log cannot be written, and is shown here: ${error instanceof Error ? error.message : error}`),
      );
    }
  }

  /** The size of a file of an earlier run, which goes on. */
  #begin(path: string): number {
    mkdirSync(this.#options.folder, { recursive: true });
    return existsSync(path) ? statSync(path).size : 0;
  }
}
