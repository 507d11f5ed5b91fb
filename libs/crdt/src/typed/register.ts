// A register: `writer -> hlc, value`. Shows the live write with the greatest (HLC, writer), or with `keep: 'all'` every
// live value in that order. A write that had seen another always replaces it, whatever the clocks say, because it deletes it.

import { compareStrings, type JsonValue } from '@anabranch/base';
import { parseHlc } from '@anabranch/causality';
import { readStoredJson } from '../bounded-json.ts';
import type { Edit } from './edit.ts';
import type { Place } from './field-node.ts';
import { WriterLeaf } from './writer-map.ts';

interface RegisterWrite {
  readonly hlc: string;
  readonly value: JsonValue;
}

/** An entry is a stamp of this length and the JSON text of the value. */
export const hlcLength = 16;

export class Register extends WriterLeaf<RegisterWrite> {
  readonly #keepsAll: boolean;

  constructor(place: Place, keep: 'latest' | 'all') {
    super(place);
    this.#keepsAll = keep === 'all';
  }

  set(edit: Edit, valueText: string): void {
    this.setOwn(edit, edit.hlc + valueText);
  }

  protected computeView(): JsonValue {
    const writes = [...this.parsed].sort(([writerA, a], [writerB, b]) => compareStrings(a.hlc, b.hlc) || compareStrings(writerA, writerB));
    return this.#keepsAll ? writes.map(([, write]) => write.value) : (writes.at(-1)?.[1].value ?? null);
  }

  protected parse(text: string): RegisterWrite | undefined {
    const hlc = text.slice(0, hlcLength);
    if (parseHlc(hlc) === undefined) return undefined;
    const value = readStoredJson(text.slice(hlcLength));
    return value === undefined ? undefined : { hlc, value };
  }
}
