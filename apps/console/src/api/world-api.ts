// What the demo of this machine lets its pages do besides: processes and links (apps/demo/src/world-api.ts).

import { ask, listOf, numberOf, objectOf, textOf } from './ask.ts';

export type LinkState = 'up' | 'cut';
export type Direction = 'a-to-b' | 'b-to-a' | 'both';

export interface WayView {
  readonly state: string;
  readonly delayMs: number;
}

export interface LinkView {
  readonly a: string;
  readonly b: string;
  readonly aToB: WayView;
  readonly bToA: WayView;
}

export interface WorldRegion {
  readonly name: string;
  readonly url: string;
  readonly processState: string;
  readonly restartCount: number;
}

export interface WorldStatus {
  readonly regions: readonly WorldRegion[];
  readonly links: readonly LinkView[];
}

export type Command = 'kill' | 'restart' | 'pause' | 'resume';

export const worldApi = {
  async status(): Promise<WorldStatus> {
    const { regions, links } = objectOf(await ask('/api/status'));
    return { regions: listOf(regions).map(parseRegion), links: listOf(links).map(parseLink) };
  },
  command: (region: string, command: Command): Promise<unknown> =>
    ask(`/api/regions/${region}/${command}`, { method: 'POST', outlivesPage: true }),
  /** Delays are of one way, in milliseconds. */
  changeLink: (link: Pick<LinkView, 'a' | 'b'>, change: { state?: LinkState; direction?: Direction; delayMs?: number }): Promise<unknown> =>
    ask(`/api/links/${link.a}/${link.b}`, { method: 'PUT', body: change, outlivesPage: true }),
} as const;

function parseRegion(value: unknown): WorldRegion {
  const { name, url, process } = objectOf(value);
  const { state, restartCount } = objectOf(process);
  return { name: textOf(name), url: textOf(url), processState: textOf(state), restartCount: numberOf(restartCount) ?? 0 };
}

function parseLink(value: unknown): LinkView {
  const { a, b, aToB, bToA } = objectOf(value);
  const way = (side: unknown): WayView => {
    const { state, delayMs } = objectOf(side);
    return { state: textOf(state), delayMs: numberOf(delayMs) ?? 0 };
  };
  return { a: textOf(a), b: textOf(b), aToB: way(aToB), bToA: way(bToA) };
}
