// What a link lets through, in words: a cut of one way says which.

import { hearingText as hearingWords } from '@anabranch/demo/link-words';
import type { LinkView } from '../api/world-api.ts';
import { cityOf } from './places.ts';

/** Who hears whom. */
export function hearingText(link: LinkView): string {
  return hearingWords(link, cityOf);
}

/** Who still hears whom of a link that is cut one way; undefined of any other. */
export function oneWayText(link: LinkView): string | undefined {
  const [first, second] = [cityOf(link.a), cityOf(link.b)];
  if (link.aToB.state === link.bToA.state) return undefined;
  return link.aToB.state === 'up' ? `only ${second} hears ${first}` : `only ${first} hears ${second}`;
}
