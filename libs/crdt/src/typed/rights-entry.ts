// The flat entries of a bounded counter. Each has one writer, an origin; its numbers only ever grow, and nobody deletes it.
//
//   count      writer                 -> increments decrements   all that the writer added and took
//   transfer   writer, '>', target    -> down up                 all rights that the writer gave to the target
//   takeover   writer, '<', holder    -> down up                 all rights that the writer took over from the holder
//
// What does not parse is no entry: it moves nothing.

import { isOriginId, isRegionId } from '@anabranch/causality';
import { escapePart, splitParts } from '../path.ts';

/** `first second` are the two numbers of the entry's text. */
export interface RightsEntry {
  readonly kind: 'count' | 'transfer' | 'takeover';
  readonly writer: string;
  /** The other party of a transfer or takeover. */
  readonly other: string;
  readonly first: number;
  readonly second: number;
}

const signs = { transfer: '>', takeover: '<' } as const;

export function entryName({ kind, writer, other }: Pick<RightsEntry, 'kind' | 'writer' | 'other'>): string {
  return kind === 'count' ? escapePart(writer) : `${escapePart(writer)}/${signs[kind]}/${escapePart(other)}`;
}

export function formatNumbers(first: number, second: number): string {
  return `${first} ${second}`;
}

export function parseEntry(name: string, text: string): RightsEntry | undefined {
  const numbers = parseNumbers(text);
  const [writer, sign, other, ...rest] = splitParts(name) ?? [];
  if (numbers === undefined || writer === undefined || !isOriginId(writer) || rest.length > 0) return undefined;
  const [first, second] = numbers;
  if (sign === undefined) return { kind: 'count', writer, other: '', first, second };
  if (other === undefined || other === writer) return undefined;
  if (sign === signs.transfer) return isOriginId(other) ? { kind: 'transfer', writer, other, first, second } : undefined;
  if (sign !== signs.takeover) return undefined;
  return isOriginId(other) || isRegionId(other) ? { kind: 'takeover', writer, other, first, second } : undefined;
}

function parseNumbers(text: string): readonly [number, number] | undefined {
  const match = /^(0|[1-9]\d{0,15}) (0|[1-9]\d{0,15})$/.exec(text);
  if (match === null) return undefined;
  const [first, second] = [Number(match[1]), Number(match[2])];
  return Number.isSafeInteger(first) && Number.isSafeInteger(second) ? [first, second] : undefined;
}
