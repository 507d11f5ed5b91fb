// A region whose copy of a document is damaged, when no other one can be worked with.

import { ManualClock } from '@anabranch/base/testing';
import { expect, onTestFinished, test } from 'vitest';
import { Client, MemoryStore, schema } from '../index.ts';
import type { Platform } from '../ports.ts';
import { platformOf, ScriptedRegion, type ScriptedSession } from '../testing/scripted-regions.ts';

const collections = { carts: { library: 'yjs', schema: schema.object({ qty: schema.counter() }) } } as const;

/** What is on its way between the device and its regions arrives; nothing of it takes time of the clock. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
}

/** A device with a write that berlin refuses for its damage, in each session; and how time passes there. */
async function device(tokyoOf: (tokyo: ScriptedRegion, platform: Platform) => Platform) {
  const [berlin, tokyo] = [new ScriptedRegion('berlin'), new ScriptedRegion('tokyo')];
  const clock = new ManualClock();
  const sendHttp: Platform['sendHttp'] = async () => ({ status: 200, text: '', header: () => undefined });
  const platform = { ...tokyoOf(tokyo, platformOf([berlin, tokyo])), clock, sendHttp };
  const options = { regions: [berlin, tokyo].map(({ name, url }) => ({ name, url })), collections };
  const client = await Client.create(options, { platform, store: new MemoryStore() });
  onTestFinished(() => client.close());
  const cart = await client.open('carts', 'ann', { startEmpty: true });
  cart.edit([{ op: 'increment', path: '/qty', by: 1 }]);
  const refused = new WeakSet<ScriptedSession>();
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      await settle();
      for (const { session } of [berlin, tokyo]) session?.send({ type: 'alive' });
      const [push] = berlin.session?.of('push') ?? [];
      if (berlin.session !== undefined && push !== undefined && !refused.has(berlin.session)) {
        refused.add(berlin.session);
        berlin.session.send({ type: 'refused', id: push.id, code: 'record_damaged', message: 'bad disk', details: '{}' });
      }
      await settle();
      clock.advance(1_000);
    }
  };
  return { berlin, tokyo, client, pass };
}

const lacksWhatWasSeen = (tokyo: ScriptedRegion, platform: Platform): Platform => {
  tokyo.welcome = { coversRequired: false };
  return platform;
};
const opensNoSession = (_: ScriptedRegion, platform: Platform): Platform => ({
  ...platform,
  connect: (url, listener) => {
    const isTokyo = url.includes('tokyo');
    return isTokyo ? { bufferedBytes: 0, send: () => {}, close: () => {} } : platform.connect(url, listener);
  },
});

test.each([
  ['opens no session', opensNoSession],
  ['lacks what was seen', lacksWhatWasSeen],
])('[CLIENT44] a damaged region is left again and again ever more rarely, when another one answers and %s', async (_, tokyoOf) => {
  const { berlin, client, pass } = await device(tokyoOf);
  await pass(600);
  expect(berlin.sessions.length).toBeGreaterThan(3);
  expect(berlin.sessions.length).toBeLessThan(7);
  const before = berlin.sessions.length;
  await pass(1_800);
  expect(berlin.sessions.length - before).toBeLessThan(5);
  expect(client.status.pendingWrites).toBe(1);
});

test('[CLIENT44] a damaged region is left at once again after another one has worked, or the client was told where to be', async () => {
  const { tokyo, client, pass } = await device(lacksWhatWasSeen);
  await pass(20);
  expect([client.status.region, tokyo.sessions.length]).toEqual(['berlin', 1]);
  client.moveTo('berlin');
  client.moveTo('nearest');
  await pass(2);
  expect([client.status.region, tokyo.sessions.length]).toEqual(['tokyo', 2]);
  await pass(20);
  expect(client.status.region).toBe('berlin');
  tokyo.welcome = { coversRequired: true };
  await pass(80);
  expect(client.status.region).toBe('tokyo');
  tokyo.session?.send({ type: 'pushed', id: 1, covered: [[tokyo.origin, 1]] });
  await pass(2);
  expect(client.status).toMatchObject({ region: 'tokyo', pendingWrites: 0 });
});
