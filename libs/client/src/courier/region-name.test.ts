import { parseRegionId } from '@anabranch/causality';
import { afterEach, expect, test, vi } from 'vitest';
import { Client, MemoryStore } from '../index.ts';
import { platformOf, ScriptedRegion } from '../testing/scripted-regions.ts';

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(regions: readonly ScriptedRegion[]): Promise<Client> {
  const options = { regions: regions.map(({ name, url }) => ({ name, url })), collections: {} };
  const client = await Client.create(options, { platform: platformOf(regions), store: new MemoryStore() });
  cleanups.push(() => client.close());
  return client;
}

/** What answers at the address that the application has for Berlin. */
function paris(): ScriptedRegion {
  const region = new ScriptedRegion('berlin');
  region.welcome = { region: parseRegionId('paris') };
  return region;
}

test('[CLIENT34] a region that answers by another name is not taken, and the status says which one did', async () => {
  const client = await start([paris()]);
  await vi.waitFor(() => expect(client.status.lastError?.code).toBe('region_differs'));
  expect(client.status).toMatchObject({ region: undefined, lastError: { details: { region: 'berlin', answered: 'paris' } } });
});

test('[CLIENT34] a region that answers by another name comes last, and another one is taken', async () => {
  const wrong = paris();
  const client = await start([wrong, new ScriptedRegion('tokyo')]);
  await vi.waitFor(() => expect(client.status.region).toBe('tokyo'));
  expect(wrong.sessions.every(({ isClosed }) => isClosed)).toBe(true);
});
