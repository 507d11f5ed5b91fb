// Who is at a document, as embedded clients show it: to each other, and to Yjs clients of other protocols, across regions.

import { type Client, isAnabranchError, type Presence } from '@anabranch/client';
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { afterThisTest, type collections, connect, patience, startMesh } from './client-mesh.ts';
import type { RegionMesh } from './region-mesh.ts';

/** The presence of one client at a document, which it shows as `name` and watches. */
async function enter(client: Client<typeof collections>, name: string, id = 'plan'): Promise<Presence> {
  const { presence } = await client.open('notes', id);
  presence.subscribe(() => {});
  presence.set({ name });
  return presence;
}

const namesOf = ({ others }: Presence): string =>
  [...others.values()]
    .map(({ name }) => name)
    .sort()
    .join();

const sees = (presence: Presence, names: string): Promise<void> => vi.waitFor(() => expect(namesOf(presence)).toBe(names), patience);

function enterByYWebsocket(mesh: RegionMesh, region: string, name: string): WebsocketProvider {
  const url = `${mesh.region(region).url.replace('http', 'ws')}/v1/sync/yjs/notes`;
  const provider = new WebsocketProvider(url, 'plan', new Y.Doc(), { WebSocketPolyfill: WebSocket as never, disableBc: true });
  provider.awareness.setLocalState({ name });
  afterThisTest(() => {
    provider.destroy();
    provider.awareness.destroy();
  });
  return provider;
}

function enterByHocuspocus(mesh: RegionMesh, region: string, name: string): HocuspocusProvider {
  const url = `${mesh.region(region).url.replace('http', 'ws')}/v1/sync/hocuspocus`;
  const websocketProvider = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: WebSocket });
  const provider = new HocuspocusProvider({ websocketProvider, name: 'notes/plan' });
  provider.setAwarenessField('name', name);
  provider.attach();
  afterThisTest(() => {
    provider.destroy();
    websocketProvider.destroy();
  });
  return provider;
}

const shownTo = ({ awareness }: WebsocketProvider | HocuspocusProvider): string =>
  [...(awareness?.getStates().values() ?? [])]
    .map(({ name }) => name)
    .sort()
    .join();

describe('presence', () => {
  test('[PRESENCE1] of embedded clients in two regions is shown to each other as it changes, and ends when one is closed', async () => {
    const mesh = await startMesh(2);
    const [a, b] = [await connect(mesh, 'new-york'), await connect(mesh, 'berlin')];
    const [ada, bob] = [await enter(a, 'ada'), await enter(b, 'bob')];
    await sees(ada, 'bob');
    await sees(bob, 'ada');
    bob.set({ name: 'bob', cursor: 7 });
    await vi.waitFor(() => expect([...ada.others.values()]).toEqual([{ name: 'bob', cursor: 7 }]), patience);
    bob.set(undefined);
    await sees(ada, '');
    bob.set({ name: 'bob is back' });
    await sees(ada, 'bob is back');
    await a.close();
    await sees(bob, '');
  });

  test('[PRESENCE1] is shared with y-websocket and Hocuspocus clients, and at one document only', async () => {
    const mesh = await startMesh();
    const client = await connect(mesh, 'new-york');
    const ada = await enter(client, 'ada');
    const elsewhere = await enter(client, 'ada elsewhere', 'another');
    const [bob, cho] = [enterByYWebsocket(mesh, 'berlin', 'bob'), enterByHocuspocus(mesh, 'tokyo', 'cho')];
    const dan = await enter(await connect(mesh, 'tokyo'), 'dan');
    await sees(ada, 'bob,cho,dan');
    await sees(dan, 'ada,bob,cho');
    await vi.waitFor(() => expect([shownTo(bob), shownTo(cho)]).toEqual(['ada,bob,cho,dan', 'ada,bob,cho,dan']), patience);
    expect(namesOf(elsewhere)).toBe('');
    bob.destroy();
    cho.destroy();
    await sees(ada, 'dan');
    await client.close();
    await sees(dan, '');
  });

  test('[PRESENCE2] ends when a client goes offline, and is there again, wherever it comes back', async () => {
    const mesh = await startMesh(2);
    const [a, b] = [await connect(mesh, 'new-york'), await connect(mesh, 'berlin')];
    const [ada, bob] = [await enter(a, 'ada'), await enter(b, 'bob')];
    await sees(bob, 'ada');
    a.goOffline();
    await sees(bob, '');
    a.goOnline();
    await sees(bob, 'ada');
    a.moveTo('berlin');
    await vi.waitFor(() => expect(a.status.region).toBe('berlin'), patience);
    ada.set({ name: 'ada in berlin' });
    await sees(bob, 'ada in berlin');
    await mesh.stopRegion('berlin');
    await mesh.startRegion('berlin');
    ada.set({ name: 'ada afterwards' });
    await sees(bob, 'ada afterwards');
  });

  test('[PRESENCE3] at a document of an Automerge collection is said to be unsupported; the document is served', async () => {
    const mesh = await startMesh(1);
    const client = await connect(mesh);
    const cart = await client.open('carts-automerge', 'ann');
    cart.presence.set({ name: 'ada' });
    await vi.waitFor(() => expect(client.status.lastError?.code).toBe('presence_unsupported'), patience);
    await cart.edit([{ op: 'increment', path: '/items/tea/qty', by: 2 }]).when('durable');
    const other = await (await connect(mesh)).open('carts-automerge', 'ann');
    expect(other.value.items['tea']?.qty).toBe(2);
  });

  test('[PRESENCE8] that regions refuse is refused at once, and nothing of it is shown', async () => {
    const mesh = await startMesh(1);
    const [ada, bob] = [await enter(await connect(mesh), 'ada'), await enter(await connect(mesh), 'bob')];
    await sees(bob, 'ada');
    const codeOf = (act: () => unknown): string => {
      try {
        act();
      } catch (error) {
        return isAnabranchError(error) ? error.code : String(error);
      }
      return 'taken';
    };
    expect(codeOf(() => ada.set({ name: 'x'.repeat(8_200) }))).toBe('request_too_large');
    expect(codeOf(() => ada.set({ name: '\u{1f600}'.slice(0, 1) }))).toBe('value_invalid');
    expect(codeOf(() => ada.set({ list: [{ constructor: 1 }] }))).toBe('value_invalid');
    expect(codeOf(() => ada.set({ name: '\u{1f600}'.repeat(2_000) }))).toBe('taken');
    await sees(bob, '\u{1f600}'.repeat(2_000));
  });
});
