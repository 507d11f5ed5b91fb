// The steps of the guided tour. Each really does something to the world of this machine, waits until it can be seen, and says
// what came of it. A step that waits for something that does not happen says so and may be tried again.

import { objectOf } from '../api/ask.ts';
import { type Op, RegionApi } from '../api/region-api.ts';
import { type LinkView, worldApi } from '../api/world-api.ts';
import { hearingText } from '../mesh/link-text.ts';
import type { MeshSnapshot } from '../mesh/mesh-monitor.ts';
import { cityOf } from '../mesh/places.ts';

export const tourRegions = ['new-york', 'berlin', 'tokyo'] as const;
export type TourRegion = (typeof tourRegions)[number];

export interface TourWorld {
  /** `carts/...`: another one for each tour. */
  readonly document: string;
  readonly apis: Readonly<Record<TourRegion, RegionApi>>;
}

export interface Step {
  readonly title: string;
  readonly text: string;
  /** The word on the button that does it. */
  readonly act: string;
  /** @returns what happened, in one sentence. */
  run(world: TourWorld): Promise<string>;
}

const waitMsMax = 20_000;
const lookMs = 120;
const item = '/items/tea';

export const steps: readonly Step[] = [
  {
    title: 'Three leaders',
    text: 'New York, Berlin and Tokyo each run a leader that takes writes by itself. Two customers of one family shop at the same moment: two packs of tea in New York, three in Tokyo.',
    act: 'Add 2 in New York and 3 in Tokyo',
    async run({ document, apis }) {
      await Promise.all([apis['new-york'].edit(document, [add(2)]), apis.tokyo.edit(document, [add(3)])]);
      const tookMs = await until(async () => (await quantities(document, apis)).every((quantity) => quantity === 5));
      return `All three regions show 5, ${seconds(tookMs)} later: both adds count. A last-writer-wins map would show 2 or 3.`;
    },
  },
  {
    title: 'A cable breaks',
    text: 'Tokyo is cut off from both others, in both directions. Nobody needs anybody else to accept a write, so nothing stops.',
    act: 'Cut Tokyo off',
    async run() {
      await changeLinks((link) => [link.a, link.b].includes('tokyo'), 'cut');
      return 'Tokyo is alone. New York and Berlin still hear each other.';
    },
  },
  {
    title: 'Both sides go on',
    text: 'One more pack in Berlin, four more in Tokyo. Both answer at once, from their own disk.',
    act: 'Add on both sides of the cut',
    async run({ document, apis }) {
      const startMs = performance.now();
      await Promise.all([apis.berlin.edit(document, [add(1)]), apis.tokyo.edit(document, [add(4)])]);
      const answeredMs = performance.now() - startMs;
      await until(async () => (await quantity(document, apis['new-york'])) === 6 && (await quantity(document, apis.tokyo)) === 9);
      return `Both writes were durable after ${Math.round(answeredMs)} ms. The views differ for now: New York and Berlin show 6, Tokyo 9.`;
    },
  },
  {
    title: 'Remove against increment',
    text: 'Berlin takes the tea out of the cart. Tokyo, which cannot know, adds one more. What should be left when they meet again?',
    act: 'Remove in Berlin, add 1 in Tokyo',
    async run({ document, apis }) {
      await Promise.all([apis.berlin.edit(document, [{ op: 'remove', path: item }]), apis.tokyo.edit(document, [add(1)])]);
      await until(async () => (await quantity(document, apis['new-york'])) === 0 && (await quantity(document, apis.tokyo)) === 10);
      return 'Berlin removed the 6 it had seen. Tokyo shows 10: it has 5 that Berlin never saw.';
    },
  },
  {
    title: 'And a region dies',
    text: 'New York is killed with kill -9: no goodbye, no flush. Started again, it has everything that it had acknowledged.',
    act: 'Kill New York',
    async run({ apis }) {
      const before = (await apis['new-york'].status()).versionVector;
      await worldApi.command('new-york', 'kill');
      await until(async () => await isDown(apis['new-york']));
      const { regions } = await worldApi.status();
      if (regions.find(({ name }) => name === 'new-york')?.processState === 'down') await worldApi.command('new-york', 'restart');
      const tookMs = await until(async () => {
        const { versionVector, isWritable } = await apis['new-york'].status();
        return isWritable && [...before].every(([origin, seq]) => (versionVector.get(origin) ?? 0) >= seq);
      });
      return `New York takes writes again ${seconds(tookMs)} after its death, and lacks no write that it had acknowledged.`;
    },
  },
  {
    title: 'The cable is mended',
    text: 'The links are healed. Each side sends the other the operations it missed, and nothing else; concurrent edits merge the same way everywhere.',
    act: 'Heal the links',
    async run({ document, apis }) {
      await changeLinks(() => true, 'up');
      const tookMs = await until(async () => {
        const copies = await Promise.all(tourRegions.map((region) => apis[region].document(document)));
        return new Set(copies.map(({ digest }) => digest)).size === 1 && quantityOf(copies[0]?.json) === 5;
      });
      return `${seconds(tookMs)} later all three show 5 and have equal digests: the removal took exactly what Berlin had seen, and Tokyo's five survived.`;
    },
  },
];

/** Whatever happened before: the links are whole and every region runs. */
export async function tidyUp(): Promise<void> {
  await changeLinks(() => true, 'up');
  const { regions } = await worldApi.status();
  for (const { name, processState } of regions) {
    if (processState === 'paused') await worldApi.command(name, 'resume');
    else if (processState === 'down') await worldApi.command(name, 'restart');
  }
}

/** What that changes, to be said before; empty when nothing is broken. */
export function tidyText({ links, regions }: Pick<MeshSnapshot, 'links' | 'regions'>): string {
  const cut = links.filter(({ aToB, bToA }) => aToB.state !== 'up' || bToA.state !== 'up');
  const away = regions.flatMap(({ name, process }) => {
    const isAway = process?.processState === 'paused' || process?.processState === 'down';
    return isAway ? [`${cityOf(name)} is ${process.processState}`] : [];
  });
  const found = [...cut.map(hearingText), ...away];
  return found.length === 0 ? '' : `${found.join('; ')}. The tour needs a whole world: it heals the links and starts the regions first.`;
}

/** The same, by what was seen last and all at once: the page is left, and waits for no answer. */
export function leaveTidy({ links, regions }: Pick<MeshSnapshot, 'links' | 'regions'>): void {
  const asks = [
    ...links.map((link) => worldApi.changeLink(link, { state: 'up' })),
    ...regions.flatMap(({ name, process }) => {
      if (process?.processState === 'paused') return [worldApi.command(name, 'resume')];
      return process?.processState === 'down' ? [worldApi.command(name, 'restart')] : [];
    }),
  ];
  // Nobody is left who could be told that one failed.
  for (const asked of asks) asked.catch(() => {});
}

/** Where the regions are, and a document that is new: each region has it before the first step, empty but for a coupon. */
export async function beginTour(): Promise<TourWorld> {
  const { regions } = await worldApi.status();
  const urlOf = (name: TourRegion): string => {
    const url = regions.find((region) => region.name === name)?.url;
    if (url === undefined) throw new Error(`there is no region ${name} on this machine`);
    return url;
  };
  const id = [...crypto.getRandomValues(new Uint8Array(5))].map((byte) => byte.toString(36).padStart(2, '0')).join('');
  const apis = {
    'new-york': new RegionApi(urlOf('new-york')),
    berlin: new RegionApi(urlOf('berlin')),
    tokyo: new RegionApi(urlOf('tokyo')),
  };
  const document = `carts/tour-${id}`;
  const isMade = async (region: TourRegion): Promise<boolean> => {
    await apis[region].edit(document, [{ op: 'add', path: '/coupons', value: 'TOUR' }]);
    return true;
  };
  await Promise.all(tourRegions.map((region) => until(() => isMade(region))));
  return { document, apis };
}

export function quantityOf(json: unknown): number {
  const quantity = objectOf(objectOf(objectOf(json)['items'])['tea'])['qty'];
  return typeof quantity === 'number' ? quantity : 0;
}

function add(by: number): Op {
  return { op: 'increment', path: `${item}/qty`, by };
}

async function quantity(document: string, api: RegionApi): Promise<number> {
  return quantityOf((await api.document(document)).json);
}

function quantities(document: string, apis: TourWorld['apis']): Promise<number[]> {
  return Promise.all(tourRegions.map((region) => quantity(document, apis[region])));
}

async function changeLinks(isMeant: (link: LinkView) => boolean, state: 'up' | 'cut'): Promise<void> {
  const { links } = await worldApi.status();
  await Promise.all(links.filter(isMeant).map((link) => worldApi.changeLink(link, { state })));
}

async function isDown(api: RegionApi): Promise<boolean> {
  return api.status().then(
    () => false,
    () => true,
  );
}

/** Resolves with the time it took. A question that is not answered counts as "not yet". */
async function until(isSo: () => Promise<boolean>): Promise<number> {
  const startMs = performance.now();
  while (!(await isSo().catch(() => false))) {
    if (performance.now() - startMs > waitMsMax)
      throw new Error(`It did not happen within ${waitMsMax / 1_000} seconds. Try this step again.`);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  return performance.now() - startMs;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
