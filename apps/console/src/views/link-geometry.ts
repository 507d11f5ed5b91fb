// How a link is drawn: a simple curve above the straight line, or below, and what it is labelled with. Great circles over the Pacific
// would leave the map.

import type { LinkView } from '../api/world-api.ts';
import { oneWayText } from '../mesh/link-text.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Arc {
  /** Of an SVG path. */
  readonly path: string;
  /** Where the label goes. */
  readonly middle: Point;
}

/** How far a curve rises, as a share of its length. */
const rise = 0.12;
/** Links from this length on bow down: they would leave the map at the top. */
const longMin = 450;

export function arcBetween(a: Point, b: Point): Arc {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  const bend = length < longMin ? rise : -rise;
  const control = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 - 2 * bend * length };
  // A quadratic curve passes half-way to its control point.
  const middle = { x: (a.x + b.x) / 4 + control.x / 2, y: (a.y + b.y) / 4 + control.y / 2 };
  return { path: `M${a.x} ${a.y} Q${control.x} ${control.y} ${b.x} ${b.y}`, middle };
}

/** `idle`: whole, and nobody is at one of its ends. */
export type LinkTone = 'good' | 'warn' | 'bad' | 'idle';

/** @param silent the regions that do not answer */
export function linkTone({ a, b, aToB, bToA }: LinkView, silent: ReadonlySet<string> = nobody): LinkTone {
  const cut = [aToB, bToA].filter(({ state }) => state !== 'up').length;
  if (cut === 2) return 'bad';
  if (silent.has(a) || silent.has(b)) return 'idle';
  return cut === 1 ? 'warn' : 'good';
}

const nobody: ReadonlySet<string> = new Set();

export function linkLabel(link: LinkView, silent: ReadonlySet<string> = nobody): string {
  const tone = linkTone(link, silent);
  if (tone === 'bad') return 'cut';
  if (tone === 'idle') return 'no answer';
  const delays = [link.aToB, link.bToA].map(({ delayMs }) => Math.round(delayMs));
  const text = delays[0] === delays[1] ? `${delays[0]} ms` : `${delays[0]}/${delays[1]} ms`;
  return oneWayText(link) ?? text;
}
