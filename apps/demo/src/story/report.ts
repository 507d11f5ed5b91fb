// What the demonstration prints: scenes, what happens in them, tables of what the regions show, and each promise with its
// verdict. It keeps count of the promises that were not kept.

import { styleText } from 'node:util';
import { isColoured, regionText } from '../region-line.ts';
import { type RegionName, regionNames } from '../world-plan.ts';

type Style = Parameters<typeof styleText>[0];

const cityNames: Readonly<Record<RegionName, string>> = { 'new-york': 'New York', berlin: 'Berlin', tokyo: 'Tokyo' };
const labelWidth = 14;
const cellWidth = 26;

export interface ReportRow {
  readonly label: string;
  readonly cells: Readonly<Record<RegionName, string>>;
}

export class Report {
  readonly #write: (text: string) => void;
  #scenes = 0;
  #kept = 0;
  readonly #broken: string[] = [];

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  get kept(): number {
    return this.#kept;
  }

  /** The promises that were not kept, in words. */
  get broken(): readonly string[] {
    return this.#broken;
  }

  scene(title: string): void {
    this.#scenes += 1;
    this.#line(`\n${paint('bold', `${this.#scenes}. ${title}`)}`);
  }

  say(text: string): void {
    this.#line(`   ${text}`);
  }

  /** Something that a region, or somebody in it, does. */
  act(region: RegionName, text: string): void {
    this.#line(`   ${regionText(region, cityOf(region).padEnd(labelWidth))} ${text}`);
  }

  /** One row per fact, one column per region; a fact on which regions differ is marked. */
  table(rows: readonly ReportRow[]): void {
    this.#rows(rows, true);
  }

  /** One row per moment, one column per region. */
  timeline(rows: readonly ReportRow[]): void {
    this.#rows(rows, false);
  }

  #rows(rows: readonly ReportRow[], comparesRegions: boolean): void {
    const head = regionNames.map((name) => regionText(name, cityOf(name).padEnd(cellWidth))).join('');
    this.#line(`\n     ${''.padEnd(labelWidth)}${head.trimEnd()}`);
    for (const { label, cells } of rows) {
      const isSame = !comparesRegions || new Set(Object.values(cells)).size === 1;
      const text = regionNames
        .map((name) => shorten(cells[name]).padEnd(cellWidth))
        .join('')
        .trimEnd();
      this.#line(
        `   ${isSame ? ' ' : paint('yellow', '≠')} ${paint('dim', label.padEnd(labelWidth))}${isSame ? text : paint('yellow', text)}`,
      );
    }
    this.#line('');
  }

  /** A promise, and what speaks against it: nothing, when it was kept. */
  promise(text: string, objections: readonly string[]): void {
    if (objections.length === 0) {
      this.#kept += 1;
      this.#line(`   ${paint('green', '✓')} ${text}`);
      return;
    }
    this.#broken.push(`${text}: ${objections.join('; ')}`);
    this.#line(`   ${paint('red', '✗')} ${text}`);
    for (const objection of objections) this.#line(`     ${paint('red', objection)}`);
  }

  verdict(replay: string): void {
    if (this.#broken.length === 0) this.#line(`\n${paint('green', `All ${this.#kept} promises were kept.`)}`);
    else
      this.#line(
        `\n${paint('red', `${this.#broken.length} of ${this.#kept + this.#broken.length} promises were not kept.`)} Again: ${replay}`,
      );
  }

  #line(text: string): void {
    this.#write(`${text}\n`);
  }
}

export function cityOf(region: RegionName): string {
  return cityNames[region];
}

function shorten(text: string): string {
  return text.length < cellWidth ? text : `${text.slice(0, cellWidth - 3)}…`;
}

function paint(style: Style, text: string): string {
  return isColoured ? styleText(style, text) : text;
}
