// The links between the regions of the local world, which the page's server can cut and heal, and whether the regions run. Only
// for demonstrations: a shop that is served by anybody else has none of it.

import { hearingText } from '@anabranch/demo/link-words';
import { useCallback, useEffect, useState } from 'react';
import { citiesOf, cityOf } from './cities.ts';

export interface LinkView {
  readonly a: string;
  readonly b: string;
  /** `up` is as it should be. */
  readonly state: string;
  readonly aToB: { readonly state: string };
  readonly bToA: { readonly state: string };
}

interface WorldView {
  readonly links: readonly LinkView[];
  /** Regions whose process does not run. */
  readonly silent: readonly string[];
}

export interface WorldLinks {
  /** Regions that no link reaches. */
  readonly cutOff: ReadonlySet<string>;
  /** Regions whose process does not run, whatever their links. */
  readonly silent: ReadonlySet<string>;
  /** Those that are cut, one way or both. */
  readonly cut: readonly LinkView[];
  cutOffRegion(region: string): Promise<void>;
  healAll(): Promise<void>;
}

const lookAgainMs = 2_000;

/** Undefined where there is no world to control. */
export function useWorldLinks(): WorldLinks | undefined {
  const [world, setWorld] = useState<WorldView>();
  const look = useCallback(async () => setWorld(await readWorld()), []);
  useEffect(() => {
    void look();
    const timer = setInterval(() => void look(), lookAgainMs);
    return () => clearInterval(timer);
  }, [look]);
  if (world === undefined) return undefined;
  const { links, silent } = world;
  const change = async (concerned: readonly LinkView[], state: 'cut' | 'up'): Promise<void> => {
    await Promise.allSettled(concerned.map(({ a, b }) => putLink(a, b, state)));
    await look();
  };
  const regions = new Set(links.flatMap(({ a, b }) => [a, b]));
  const linksOf = (region: string): readonly LinkView[] => links.filter(({ a, b }) => a === region || b === region);
  return {
    cutOff: new Set([...regions].filter((region) => linksOf(region).every(({ state }) => state === 'cut'))),
    silent: new Set(silent),
    cut: links.filter(({ state }) => state !== 'up'),
    cutOffRegion: (region) => change(linksOf(region), 'cut'),
    healAll: () => change(links, 'up'),
  };
}

/** What is wrong between the regions, in words. */
export function linksText({ cut, cutOff, silent }: Pick<WorldLinks, 'cut' | 'cutOff' | 'silent'>): string {
  const found = [
    ...(silent.size === 0 ? [] : [`${citiesOf([...silent])} ${silent.size === 1 ? 'does' : 'do'} not answer.`]),
    ...(cutOff.size === 0 ? [] : [`${citiesOf([...cutOff])} ${cutOff.size === 1 ? 'is' : 'are'} cut off.`]),
    ...cut.filter(({ a, b }) => !cutOff.has(a) && !cutOff.has(b)).map((link) => `${hearingText(link, cityOf)}.`),
  ];
  return found.length === 0 ? 'All regions hear each other.' : found.join(' ');
}

async function readWorld(): Promise<WorldView | undefined> {
  try {
    const response = await fetch('/api/status');
    const body: unknown = response.ok ? await response.json() : undefined;
    if (typeof body !== 'object' || body === null || !('links' in body) || !Array.isArray(body.links)) return undefined;
    const links = body.links.filter(isLinkView);
    const regions = 'regions' in body && Array.isArray(body.regions) ? body.regions : [];
    return links.length === 0 ? undefined : { links, silent: regions.flatMap(silentIn) };
  } catch {
    return undefined;
  }
}

/** The name of a region whose process does not run. */
function silentIn(region: unknown): string[] {
  if (typeof region !== 'object' || region === null || !('name' in region) || !('process' in region)) return [];
  const { name, process } = region;
  const state = typeof process === 'object' && process !== null && 'state' in process ? process.state : 'running';
  return typeof name === 'string' && state !== 'running' ? [name] : [];
}

async function putLink(a: string, b: string, state: 'cut' | 'up'): Promise<void> {
  const body = JSON.stringify({ state });
  await fetch(`/api/links/${a}/${b}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
}

function isLinkView(value: unknown): value is LinkView {
  if (typeof value !== 'object' || value === null) return false;
  const { a, b, state, aToB, bToA } = value as Record<string, unknown>;
  return [a, b, state].every((text) => typeof text === 'string') && [aToB, bToA].every(isWay);
}

function isWay(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'state' in value && typeof value.state === 'string';
}
