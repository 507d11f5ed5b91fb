// What a link lets through, in words: a cut of one way says which.

import type { LinkView } from '../api/world-api.ts';
import { cityOf } from './places.ts';

/** `a` and `b` of a link are told by who hears whom. */
export function hearingText({ a, b, aToB, bToA }: LinkView): string {
  const [first, second] = [cityOf(a), cityOf(b)];
  if (aToB.state === bToA.state) return `${first} and ${second} ${aToB.state === 'up' ? 'hear' : 'do not hear'} each other`;
  const [hearing, deaf] = aToB.state === 'up' ? [second, first] : [first, second];
  return `${hearing} hears ${deaf}, ${deaf} does not hear ${hearing}`;
}

/** Who still hears whom of a link that is cut one way; undefined of any other. */
export function oneWayText(link: LinkView): string | undefined {
  const [first, second] = [cityOf(link.a), cityOf(link.b)];
  if (link.aToB.state === link.bToA.state) return undefined;
  return link.aToB.state === 'up' ? `only ${second} hears ${first}` : `only ${first} hears ${second}`;
}
