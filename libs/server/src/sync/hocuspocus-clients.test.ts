// Real Hocuspocus providers at a real replica: what users run, over real sockets.

import { encodeSessionToken } from '@anabranch/causality';
import { createDocument } from '@anabranch/crdt';
import type { HocuspocusProviderConfiguration, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { HocuspocusClient, hocuspocusSocket } from '../testing/hocuspocus-client.ts';
import { startRegion } from './testing/start-region.ts';
import { linkRegions, TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';

function openSocket(region: TestRegion, query = ''): HocuspocusProviderWebsocket {
  const socket = hocuspocusSocket(region, query);
  onTestFinished(() => socket.destroy());
  return socket;
}

function connect(
  socket: HocuspocusProviderWebsocket,
  document: string,
  options: Partial<HocuspocusProviderConfiguration> = {},
): HocuspocusClient {
  const client = new HocuspocusClient(socket, document, options);
  onTestFinished(() => client.destroy());
  return client;
}

function connectAt(region: TestRegion, document: string, doc?: Y.Doc): HocuspocusClient {
  return connect(openSocket(region), document, { ...(doc && { document: doc }) });
}

describe('HocuspocusProviders at one document', () => {
  test('[HOCUS1] edit one text, see each other, and what they wrote is in the log', async () => {
    const region = await startRegion();
    const a = await connectAt(region, 'notes/n1').whenSynced();
    const b = await connectAt(region, 'notes/n1').whenSynced();
    expect([a.provider.authorizedScope, a.provider.isAuthenticated]).toEqual(['read-write', true]);
    a.text.insert(0, 'hello ');
    await until(() => `${b.text}` === 'hello ', 'b sees a');
    b.text.insert(6, 'world');
    a.text.insert(0, '> ');
    await until(() => `${a.text}` === '> hello world' && `${b.text}` === '> hello world', 'both see all');
    const late = connectAt(region, 'notes/n1');
    let shownWhenSynced = '';
    late.provider.on('synced', () => {
      shownWhenSynced = `${late.text}`;
    });
    await late.whenSynced();
    expect(shownWhenSynced).toBe('> hello world');
    expect(region.opCount).toBe(3);
    await a.whenSynced();
    await b.whenSynced();
  });

  test('[HOCUS1] typed documents: edits over REST and over a session are seen live by the other side', async () => {
    const region = await startRegion();
    const client = await connectAt(region, 'carts/c1').whenSynced();
    await region.edit('carts/c1', { op: 'increment', path: '/items/sku-1/qty', by: 2 });
    await until(() => client.doc.store.clients.size > 0, 'the session sees the edit');
    const schema = region.replica.collections.get('carts');
    if (schema === undefined) throw new Error('the region serves no carts');
    const device = createDocument(schema, { yjsClientId: 77, automergeActor: 'ab'.repeat(16) });
    const author = { writer: 'device.1', dot: 1, hlc: { ms: 1, counter: 0 } };
    const update = device.edit(author, [{ op: 'increment', path: '/items/sku-1/qty', by: 3 }]);
    Y.applyUpdate(client.doc, update ?? new Uint8Array());
    await client.whenSynced();
    expect(await region.json('carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 5 } } });
  });

  test('[HOCUS1] see the edits of y-websocket providers and of other regions, and these see theirs', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
    linkRegions(berlin, tokyo);
    const here = await connectAt(berlin, 'notes/n1').whenSynced();
    const other = connectYjs(berlin, 'notes/n1');
    const there = await connectAt(tokyo, 'notes/n1').whenSynced();
    await until(() => other.provider.synced, 'synced');
    here.text.insert(0, 'a');
    await until(() => `${there.text}` === 'a' && `${other.text}` === 'a', 'all see the first');
    other.text.insert(1, 'b');
    await until(() => `${there.text}` === 'ab' && `${here.text}` === 'ab', 'all see the second');
    there.text.insert(2, 'c');
    await until(() => `${other.text}` === 'abc' && `${here.text}` === 'abc', 'all see the third');
    expect(await berlin.digest('notes/n1')).toBe(await tokyo.digest('notes/n1'));
  });

  test('[HOCUS1] edits made offline reach the others after reconnecting, in both directions', async () => {
    const region = await startRegion();
    const a = await connectAt(region, 'notes/n1').whenSynced();
    const socket = openSocket(region);
    const b = await connect(socket, 'notes/n1').whenSynced();
    a.text.insert(0, 'a');
    await until(() => `${b.text}` === 'a', 'b sees a');
    socket.disconnect();
    await until(() => socket.status === 'disconnected' && region.doors.sessionCount === 1, 'b is offline');
    for (const letter of 'bcd') b.text.insert(b.text.length, letter);
    a.text.insert(0, 'A');
    expect(b.provider.hasUnsyncedChanges).toBe(true);
    void socket.connect();
    await until(() => `${a.text}` === 'Aabcd' && `${b.text}` === 'Aabcd', 'both see all');
    await b.whenSynced();
    expect(await region.json('notes/n1')).toMatchObject({ body: 'Aabcd' });
  });

  test('[HOCUS1] a provider that gathers its edits before it sends them', async () => {
    const region = await startRegion();
    const a = await connect(openSocket(region), 'notes/n1', { flushDelay: 5 }).whenSynced();
    for (const letter of 'gathered') a.text.insert(a.text.length, letter);
    await a.whenSynced();
    expect(await region.json('notes/n1')).toEqual({ body: 'gathered' });
    expect(region.opCount).toBe(1);
  });
});

describe('one socket', () => {
  test('[HOCUS2] carries many documents, each with its own text and end', async () => {
    const region = await startRegion();
    const [left, right] = [openSocket(region), openSocket(region)];
    const ids = Array.from({ length: 40 }, (_, i) => `notes/n${i}`);
    const mine = ids.map((id) => connect(left, id));
    const theirs = ids.map((id) => connect(right, id));
    await Promise.all([...mine, ...theirs].map((client) => client.whenSynced()));
    expect([region.doors.sessionCount, region.replica.status().sessions]).toEqual([2, 80]);
    for (const [i, client] of mine.entries()) client.text.insert(0, `mine-${i} `);
    for (const [i, client] of theirs.entries()) client.text.insert(0, `theirs-${i} `);
    const isWhole = (client: HocuspocusClient, i: number) => {
      const words = `${client.text}`.trim().split(' ').toSorted();
      return words[0] === `mine-${i}` && words[1] === `theirs-${i}` && words.length === 2;
    };
    await until(() => mine.every(isWhole) && theirs.every(isWhole), 'each has its own and nothing else');
    for (const client of mine.slice(1)) client.destroy();
    await until(() => region.replica.status().sessions === 41, 'the region lets go of what was closed');
    theirs[0]?.text.insert(0, 'still ');
    await until(() => `${mine[0]?.text}`.startsWith('still '), 'the one that is left goes on');
    expect(region.doors.sessionCount).toBe(2);
  });

  test('[HOCUS2] a document that was closed is opened again', async () => {
    const region = await startRegion();
    const socket = openSocket(region);
    const first = await connect(socket, 'notes/n1').whenSynced();
    first.provider.detach();
    await until(() => region.replica.status().sessions === 0, 'closed');
    first.text.insert(0, 'written meanwhile');
    first.provider.attach();
    await first.whenSynced();
    expect(await region.json('notes/n1')).toEqual({ body: 'written meanwhile' });
  });

  test('[HOCUS2] has providers of one document side by side when they name their sessions', async () => {
    const region = await startRegion();
    const socket = openSocket(region);
    const [a, b] = [1, 2].map(() => connect(socket, 'notes/n1', { sessionAwareness: true }));
    if (a === undefined || b === undefined) throw new Error('two');
    await Promise.all([a.whenSynced(), b.whenSynced()]);
    a.text.insert(0, 'to the other');
    await until(() => `${b.text}` === 'to the other', 'b sees a');
    a.provider.setAwarenessField('name', 'ada');
    await until(() => b.names.includes('ada'), 'b sees who a is');
    a.destroy();
    await until(() => !b.names.includes('ada'), 'and that it has left');
    expect(region.replica.status().sessions).toBe(1);
  });

  test('[HOCUS2] has so many documents at most: a further one is refused, the others go on', async () => {
    const region = await startRegion('berlin', { documentsPerSocketMax: 2 });
    const socket = openSocket(region);
    const [a, b] = [await connect(socket, 'notes/a').whenSynced(), await connect(socket, 'notes/b').whenSynced()];
    const c = connect(socket, 'notes/c');
    await until(() => c.refusals.length > 0, 'refused');
    expect([c.refusals, c.provider.synced, c.provider.isAuthenticated]).toEqual([['overloaded'], false, false]);
    c.text.insert(0, 'not taken');
    a.text.insert(0, 'taken');
    await a.whenSynced();
    expect([await region.json('notes/a'), await region.json('notes/c')]).toEqual([{ body: 'taken' }, {}]);
    b.destroy();
    await until(() => region.replica.status().sessions === 1, 'one has left');
    const d = await connect(socket, 'notes/d').whenSynced();
    expect(d.refusals).toEqual([]);
  });
});

describe('awareness', () => {
  test('[HOCUS4] reaches providers of both kinds, here and in other regions, and ends with its session', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
    linkRegions(berlin, tokyo);
    const socket = openSocket(berlin);
    const ada = await connect(socket, 'notes/n1').whenSynced();
    ada.provider.setAwarenessField('name', 'ada');
    const elsewhere = await connect(socket, 'notes/n2').whenSynced();
    const bob = connectYjs(berlin, 'notes/n1');
    bob.provider.awareness.setLocalState({ name: 'bob' });
    const cho = await connectAt(tokyo, 'notes/n1').whenSynced();
    cho.provider.setAwarenessField('name', 'cho');
    for (const client of [ada, bob, cho]) {
      await until(() => ['ada', 'bob', 'cho'].every((name) => client.names.includes(name)), 'everybody sees everybody');
    }
    expect(elsewhere.names).toEqual([undefined]);
    bob.provider.destroy();
    await until(() => !ada.names.includes('bob') && !cho.names.includes('bob'), 'bob has left');
    ada.destroy();
    await until(() => !cho.names.includes('ada'), 'ada has left, although her socket is there');
    cho.provider.setAwarenessField('name', 'chiyo');
    const late = connectYjs(tokyo, 'notes/n1');
    await until(() => late.names.includes('chiyo'), 'who comes later learns who is there');
    for (const cut of tokyo.sockets) cut.resetAndDestroy();
    expect([berlin.opCount, tokyo.opCount]).toEqual([0, 0]);
  });

  test('[HOCUS4] is told to a provider that comes later, by a client of the other kind', async () => {
    const region = await startRegion();
    const bob = connectYjs(region, 'notes/n1');
    bob.provider.awareness.setLocalState({ name: 'bob' });
    await until(() => bob.provider.synced, 'synced');
    const ada = connectAt(region, 'notes/n1');
    await until(() => ada.names.includes('bob'), 'ada sees bob');
  });

  test('keeps a lone provider that says nothing connected, also one without awareness', async () => {
    const region = await startRegion('berlin', { sweepMs: 20, keepAliveMs: 40, pingAfterMs: 40, silenceMsMax: 200 });
    const socket = openSocket(region);
    let messages = 0;
    socket.on('message', () => messages++);
    const client = await connect(socket, 'notes/n1', { awareness: null }).whenSynced();
    const before = messages;
    await until(() => messages >= before + 8, 'the region says something now and then');
    expect([socket.status, client.closes]).toEqual(['connected', []]);
  });
});

describe('a provider that is refused', () => {
  test.each([
    ['nothing-here/n1', 'collection_not_found'],
    ['boards/b1', 'library_mismatch'],
    ['notes', 'document_id_invalid'],
    ['notes/', 'document_id_invalid'],
    ['notes/../etc', 'document_id_invalid'],
    ['notes/a/b', 'document_id_invalid'],
    ['', 'document_id_invalid'],
  ])('[HOCUS5] at %j learns why, and leaves the others on its socket alone', async (document, reason) => {
    const region = await startRegion();
    const socket = openSocket(region);
    const neighbour = await connect(socket, 'notes/n1').whenSynced();
    const client = connect(socket, document);
    await until(() => client.refusals.length > 0, 'refused');
    client.text.insert(0, 'not taken');
    neighbour.text.insert(0, 'taken');
    await neighbour.whenSynced();
    expect([client.refusals, client.provider.hasUnsyncedChanges]).toEqual([[reason], true]);
    expect([neighbour.closes, region.opCount, region.doors.sessionCount]).toEqual([[], 1, 1]);
  });

  test('is sent away with 1001 when the region stops, and comes back', async () => {
    const region = await TestRegion.start();
    const socket = openSocket(region);
    const closes: number[] = [];
    socket.on('close', ({ event }: { event: { code: number } }) => closes.push(event.code));
    await Promise.all([connect(socket, 'notes/n1').whenSynced(), connect(socket, 'notes/n2').whenSynced()]);
    await region.stop();
    await until(() => closes.length > 0, 'closed');
    expect([closes[0], socket.shouldConnect]).toEqual([1001, true]);
    expect([region.doors.sessionCount, region.replica.status().sessions]).toEqual([0, 0]);
  });

  test('has its token in no log, whether it is admitted or not', async () => {
    const lines: string[] = [];
    const keep = (event: string, fields?: unknown): number => lines.push(`${event} ${JSON.stringify(fields)}`);
    const region = await TestRegion.start({ logger: { error: keep, info: keep, debug: keep } });
    onTestFinished(() => region.stop());
    const socket = openSocket(region, '?token=canary');
    await connect(socket, 'notes/n1').whenSynced();
    const refused = connect(socket, 'nothing-here/n1');
    await until(() => refused.refusals.length > 0, 'refused');
    expect(lines.join()).toContain('session.document_refused');
    expect(lines.join()).not.toContain('canary');
  });

  test('loses its socket, to come back, when the replica ends its sessions', async () => {
    const region = await startRegion();
    const socket = openSocket(region);
    const closes: unknown[] = [];
    socket.on('close', ({ event }: { event: { code: number; reason: string } }) => closes.push([event.code, event.reason]));
    await Promise.all([connect(socket, 'notes/n1').whenSynced(), connect(socket, 'notes/n2').whenSynced()]);
    await region.replica.stop();
    await until(() => closes.length > 0, 'closed');
    expect([closes[0], socket.shouldConnect]).toEqual([[1013, 'not_ready'], true]);
  });

  test('[TOKEN3] with a session token it sees nothing older, and is sent away when the region cannot show it in time', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo', { sessionWaitMsMax: 50 })];
    const { version } = await berlin.edit('notes/n1', { op: 'insert', path: '/body', index: 0, text: 'seen' });
    const query = `?session=${encodeSessionToken(version)}&token=canary`;
    const socket = openSocket(tokyo, query);
    const closes: unknown[] = [];
    socket.on('close', ({ event }: { event: { code: number; reason: string } }) => closes.push([event.code, event.reason]));
    const client = connect(socket, 'notes/n1');
    await until(() => closes.length > 0, 'it waits in vain');
    expect(closes[0]).toEqual([1013, 'not_yet_visible']);
    linkRegions(berlin, tokyo);
    await client.whenSynced();
    expect(`${client.text}`).toBe('seen');
  });
});

/** A y-websocket provider at the same document. */
function connectYjs(region: TestRegion, document: string): { provider: WebsocketProvider; text: Y.Text; readonly names: unknown[] } {
  const doc = new Y.Doc();
  const options = { WebSocketPolyfill: WebSocket as never, disableBc: true };
  const provider = new WebsocketProvider(`${region.url}/v1/sync/yjs`, document, doc, options);
  onTestFinished(() => {
    provider.destroy();
    provider.awareness.destroy();
  });
  return {
    provider,
    text: doc.getText('body'),
    get names() {
      return [...provider.awareness.getStates().values()].map((state) => state['name']);
    },
  };
}
