// The links between the regions of the local world, which the page's server can cut and heal. Only for demonstrations: a shop
// that is served by anybody else has none of it.

import { useCallback, useEffect, useState } from 'react';

interface LinkView {
  readonly a: string;
  readonly b: string;
  /** `up` is as it should be. */
  readonly state: string;
}

export interface WorldLinks {
  /** Regions that no link reaches. */
  readonly cutOff: ReadonlySet<string>;
  readonly isAnyCut: boolean;
  cutOffRegion(region: string): Promise<void>;
  healAll(): Promise<void>;
}

const lookAgainMs = 2_000;

/** Undefined where there is no world to control. */
export function useWorldLinks(): WorldLinks | undefined {
  const [links, setLinks] = useState<readonly LinkView[]>();
  const look = useCallback(async () => setLinks(await readLinks()), []);
  useEffect(() => {
    void look();
    const timer = setInterval(() => void look(), lookAgainMs);
    return () => clearInterval(timer);
  }, [look]);
  if (links === undefined) return undefined;
  const change = async (concerned: readonly LinkView[], state: 'cut' | 'up'): Promise<void> => {
    await Promise.allSettled(concerned.map(({ a, b }) => putLink(a, b, state)));
    await look();
  };
  const regions = new Set(links.flatMap(({ a, b }) => [a, b]));
  const linksOf = (region: string): readonly LinkView[] => links.filter(({ a, b }) => a === region || b === region);
  return {
    cutOff: new Set([...regions].filter((region) => linksOf(region).every(({ state }) => state === 'cut'))),
    isAnyCut: links.some(({ state }) => state !== 'up'),
    cutOffRegion: (region) => change(linksOf(region), 'cut'),
    healAll: () => change(links, 'up'),
  };
}

async function readLinks(): Promise<readonly LinkView[] | undefined> {
  try {
    const response = await fetch('/api/links');
    const body: unknown = response.ok ? await response.json() : undefined;
    if (typeof body !== 'object' || body === null || !('links' in body) || !Array.isArray(body.links)) return undefined;
    const links = body.links.filter(isLinkView);
    return links.length === 0 ? undefined : links;
  } catch {
    return undefined;
  }
}

async function putLink(a: string, b: string, state: 'cut' | 'up'): Promise<void> {
  const body = JSON.stringify({ state });
  await fetch(`/api/links/${a}/${b}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
}

function isLinkView(value: unknown): value is LinkView {
  if (typeof value !== 'object' || value === null) return false;
  const { a, b, state } = value as Record<string, unknown>;
  return [a, b, state].every((text) => typeof text === 'string');
}
