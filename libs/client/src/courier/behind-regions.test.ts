// A region that lacks what the device has seen, and may never have it.

import { ManualClock } from '@anabranch/base/testing';
import { expect, onTestFinished, test } from 'vitest';
import { Client, MemoryStore } from '../index.ts';
import { platformOf, ScriptedRegion } from '../testing/scripted-regions.ts';

/** What is on its way between the device and its regions arrives; nothing of it takes time of the clock. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
}

test('[CLIENT12] a client that was to stay with such a region goes to another one when it may choose again', async () => {
  const [berlin, tokyo] = [new ScriptedRegion('berlin'), new ScriptedRegion('tokyo')];
  berlin.welcome = { coversRequired: false };
  const clock = new ManualClock();
  const sendHttp = async () => ({ status: 200, text: '', header: () => undefined });
  const platform = { ...platformOf([berlin, tokyo]), clock, sendHttp };
  const regions = [berlin, tokyo].map(({ name, url }) => ({ name, url }));
  const client = await Client.create({ regions, region: 'berlin', collections: {} }, { platform, store: new MemoryStore() });
  onTestFinished(() => client.close());
  await settle();
  clock.advance(6_000);
  await settle();
  expect(client.status).toMatchObject({ connection: 'online', region: 'berlin', lacksHere: true });
  client.moveTo('nearest');
  await settle();
  expect(client.status).toMatchObject({ region: 'berlin', wantedRegion: 'nearest' });
  clock.advance(6_000);
  await settle();
  expect(client.status).toMatchObject({ connection: 'online', region: 'tokyo', lacksHere: false });
  expect(clock.wallMs()).toBeLessThan(15_000);
});
