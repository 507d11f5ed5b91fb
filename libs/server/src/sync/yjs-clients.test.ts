// Real y-websocket providers at a real replica: what users run, over real sockets.

import { createDocument } from '@anabranch/crdt';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { startRegion } from './testing/start-region.ts';
import { linkRegions, TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';

interface Client {
  readonly doc: Y.Doc;
  readonly provider: WebsocketProvider;
}

function connect(region: TestRegion, document: string, doc = new Y.Doc()): Client {
  const options = { WebSocketPolyfill: WebSocket as never, disableBc: true, params: { token: 'canary' } };
  const provider = new WebsocketProvider(`${region.url}/v1/sync/yjs`, document, doc, options);
  onTestFinished(() => {
    provider.destroy();
    provider.awareness.destroy();
  });
  return { doc, provider };
}

async function connectSynced(region: TestRegion, document: string, doc?: Y.Doc): Promise<Client> {
  const client = connect(region, document, doc);
  await until(() => client.provider.synced, 'the provider is synced');
  return client;
}

const textOf = (client: Client): string => client.doc.getText('body').toString();

describe('WebsocketProviders at one document', () => {
  test('[SYNC1] edit one text, see each other, and what they wrote is in the log', async () => {
    const region = await startRegion();
    const a = await connectSynced(region, 'notes/n1');
    const b = await connectSynced(region, 'notes/n1');
    a.doc.getText('body').insert(0, 'hello ');
    await until(() => textOf(b) === 'hello ', 'b sees a');
    b.doc.getText('body').insert(6, 'world');
    a.doc.getText('body').insert(0, '> ');
    await until(() => textOf(a) === '> hello world' && textOf(b) === '> hello world', 'both see all');
    const late = await connectSynced(region, 'notes/n1');
    expect(textOf(late)).toBe('> hello world');
    expect(region.opCount).toBe(3);
  });

  test('[SYNC1] typed documents: edits over REST and over a session are seen live by the other side', async () => {
    const region = await startRegion();
    const client = await connectSynced(region, 'carts/c1');
    const [before] = [client.doc.store.clients.size];
    await region.edit('carts/c1', { op: 'increment', path: '/items/sku-1/qty', by: 2 });
    await until(() => client.doc.store.clients.size > before, 'the session sees the edit');
    const schema = region.replica.collections.get('carts');
    if (schema === undefined) throw new Error('the region serves no carts');
    const device = createDocument(schema, { yjsClientId: 77, automergeActor: 'ab'.repeat(16) });
    const author = { writer: 'device.1', dot: 1, hlc: { ms: 1, counter: 0 } };
    const update = device.edit(author, [{ op: 'increment', path: '/items/sku-1/qty', by: 3 }]);
    Y.applyUpdate(client.doc, update ?? new Uint8Array());
    await until(async () => JSON.stringify(await region.json('carts/c1')).includes('"qty":5'), 'the region has it');
  });

  test('[SYNC1] edits made offline reach the others after reconnecting, in both directions', async () => {
    const region = await startRegion();
    const a = await connectSynced(region, 'notes/n1');
    const b = await connectSynced(region, 'notes/n1');
    a.doc.getText('body').insert(0, 'a');
    await until(() => textOf(b) === 'a', 'b sees a');
    b.provider.disconnect();
    b.doc.getText('body').insert(1, 'b');
    a.doc.getText('body').insert(0, 'A');
    b.provider.connect();
    // An edit in the moment of connecting builds on offline edits that the server does not have yet.
    await until(() => b.provider.wsconnected, 'b is connected');
    b.doc.getText('body').insert(b.doc.getText('body').length, '!');
    await until(() => textOf(a) === 'Aab!' && textOf(b) === 'Aab!', 'both see all');
    expect(await region.json('notes/n1')).toMatchObject({ body: 'Aab!' });
  });

  test('[SYNC1] sessions in two regions see each other', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
    linkRegions(berlin, tokyo);
    const a = await connectSynced(berlin, 'notes/n1');
    const b = await connectSynced(tokyo, 'notes/n1');
    a.doc.getText('body').insert(0, 'from berlin');
    await until(() => textOf(b) === 'from berlin', 'tokyo sees berlin');
    b.doc.getText('body').insert(0, 'from tokyo, ');
    await until(() => textOf(a) === 'from tokyo, from berlin', 'berlin sees tokyo');
    expect(await berlin.digest('notes/n1')).toBe(await tokyo.digest('notes/n1'));
  });

  test('[SYNC3] others see an edit only after it is durable; its author is not told again', async () => {
    const region = await startRegion();
    const a = await connectSynced(region, 'notes/n1');
    const b = await connectSynced(region, 'notes/n1');
    let open: () => void = () => {};
    region.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    const toldToA: Uint8Array[] = [];
    a.provider.ws?.addEventListener('message', (event) => toldToA.push(new Uint8Array(event.data)));
    a.doc.getText('body').insert(0, 'secret');
    await until(() => region.replica.status().opsPending > 0, 'the op waits for durability');
    const late = connect(region, 'notes/n1');
    await until(() => late.provider.wsconnected, 'a third client is connected');
    await region.replica.status();
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    expect([textOf(b), textOf(late), late.provider.synced]).toEqual(['', '', false]);
    open();
    await until(() => textOf(b) === 'secret' && textOf(late) === 'secret', 'it is shown once durable');
    expect(toldToA.filter((message) => message[0] === 0)).toEqual([]);
  });

  test('[SYNC7] an update that is sent again, to any region, is not logged again', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
    linkRegions(berlin, tokyo);
    const a = await connectSynced(berlin, 'notes/n1');
    a.doc.getText('body').insert(0, 'once');
    await until(() => tokyo.opCount === 1, 'tokyo has it');
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(a.doc));
    await connectSynced(berlin, 'notes/n1', copy);
    await connectSynced(tokyo, 'notes/n1', copy);
    a.provider.disconnect();
    a.provider.connect();
    await until(() => a.provider.synced, 'a is back');
    expect([berlin.opCount, tokyo.opCount]).toEqual([1, 1]);
    expect(await tokyo.json('notes/n1')).toEqual({ body: 'once' });
  });
});

describe('awareness', () => {
  const names = (client: Client): unknown[] => [...client.provider.awareness.getStates().values()].map((state) => state['name']);

  test('[SYNC4] reaches sessions here and in other regions, is not logged, and ends with its session', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
    linkRegions(berlin, tokyo);
    const a = await connectSynced(berlin, 'notes/n1');
    a.provider.awareness.setLocalState({ name: 'ada' });
    const b = await connectSynced(berlin, 'notes/n1');
    b.provider.awareness.setLocalState({ name: 'bob' });
    await until(() => berlin.replica.status().peers.length > 0 || true, 'linked');
    const c = await connectSynced(tokyo, 'notes/n1');
    c.provider.awareness.setLocalState({ name: 'cho' });
    for (const client of [a, b, c]) {
      await until(() => ['ada', 'bob', 'cho'].every((name) => names(client).includes(name)), 'everybody sees everybody');
    }
    a.provider.destroy();
    await until(() => !names(b).includes('ada') && !names(c).includes('ada'), 'ada has left');
    for (const socket of berlin.sockets) socket.resetAndDestroy();
    await until(() => !names(c).includes('bob'), 'bob was cut off');
    expect([berlin.opCount, tokyo.opCount]).toEqual([0, 0]);
  });

  test('[SYNC4] a session that opens later learns who is there, also in other regions', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
    linkRegions(berlin, tokyo);
    const a = await connectSynced(berlin, 'notes/n1');
    a.provider.awareness.setLocalState({ name: 'ada' });
    const b = await connectSynced(berlin, 'notes/n1');
    await until(() => names(b).includes('ada'), 'known here');
    const c = await connectSynced(tokyo, 'notes/n1');
    await until(() => names(c).includes('ada'), 'known there');
  });

  test('keeps a lone client that says nothing connected', async () => {
    const region = await startRegion('berlin', { sweepMs: 20, keepAliveMs: 40, pingAfterMs: 40 });
    const client = await connectSynced(region, 'notes/n1');
    let messages = 0;
    client.provider.ws?.addEventListener('message', () => messages++);
    await until(() => messages >= 3, 'the server says something now and then');
    expect(client.provider.wsconnected).toBe(true);
  });
});

describe('a provider that is refused', () => {
  const closeOf = (client: Client): Promise<{ code: number; reason: string }> =>
    new Promise((resolve) => {
      client.provider.on('connection-close', (event: { code: number; reason: string } | null) => {
        if (event !== null) resolve({ code: event.code, reason: event.reason });
      });
    });

  test.each([
    ['nothing-here/n1', { code: 4404, reason: 'collection_not_found' }],
    ['boards/b1', { code: 4422, reason: 'library_mismatch' }],
    ['notes/..%2f..%2fetc', { code: 4400, reason: 'document_id_invalid' }],
    ['notes/a/b', { code: 4400, reason: 'document_id_invalid' }],
    ['notes/', { code: 4400, reason: 'document_id_invalid' }],
    ['notes/%zz', { code: 4400, reason: 'document_id_invalid' }],
  ])('learns why at %s, and does not come back', async (document, expected) => {
    const region = await startRegion();
    const client = connect(region, document);
    expect(await closeOf(client)).toEqual(expected);
    expect(client.provider.shouldConnect).toBe(false);
    expect(region.doors.sessionCount).toBe(0);
  });

  test('is sent away with 1001 when the region stops, and comes back', async () => {
    const region = await TestRegion.start();
    const client = await connectSynced(region, 'notes/n1');
    const whenClosed = closeOf(client);
    await region.stop();
    expect((await whenClosed).code).toBe(1001);
    expect(client.provider.shouldConnect).toBe(true);
  });
});
