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

/** What the demo writes by itself. */
export interface LoadView {
  readonly isRunning: boolean;
  readonly opsPerSecond: number;
  readonly leftMs: number;
  readonly written: number;
  readonly failed: number;
}

export interface WorldStatus {
  readonly regions: readonly WorldRegion[];
  readonly links: readonly LinkView[];
  readonly load: LoadView;
}

export type Command = 'kill' | 'restart' | 'pause' | 'resume';

export const worldApi = {
  async status(): Promise<WorldStatus> {
    const { regions, links, load } = objectOf(await ask('/api/status'));
    return { regions: listOf(regions).map(parseRegion), links: listOf(links).map(parseLink), load: parseLoad(load) };
  },
  command: (region: string, command: Command): Promise<unknown> =>
    ask(`/api/regions/${region}/${command}`, { method: 'POST', outlivesPage: true }),
  /** Delays are of one way, in milliseconds. */
  changeLink: (link: Pick<LinkView, 'a' | 'b'>, change: { state?: LinkState; direction?: Direction; delayMs?: number }): Promise<unknown> =>
    ask(`/api/links/${link.a}/${link.b}`, { method: 'PUT', body: change, outlivesPage: true }),
  /** Writes of all regions together in a second, 1 to 60, and seconds, 1 to 600. */
  startLoad: (opsPerSecond: number, seconds: number): Promise<unknown> =>
    ask('/api/load', { method: 'PUT', body: { opsPerSecond, seconds } }),
  stopLoad: (): Promise<unknown> => ask('/api/load', { method: 'DELETE' }),
} as const;

function parseLoad(value: unknown): LoadView {
  const { isRunning, opsPerSecond, leftMs, written, failed } = objectOf(value);
  return {
    isRunning: isRunning === true,
    opsPerSecond: numberOf(opsPerSecond) ?? 0,
    leftMs: numberOf(leftMs) ?? 0,
    written: numberOf(written) ?? 0,
    failed: numberOf(failed) ?? 0,
  };
}

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
