// Real automerge-repo Repos at a real replica: what users run, over real sockets.

import { type AnyDocumentId, type DocHandle, Repo } from '@automerge/automerge-repo';
import { WebSocketClientAdapter } from '@automerge/automerge-repo-network-websocket';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startRegion } from './testing/start-region.ts';
import { linkRegions, type TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';

interface Board {
  title?: string;
  cards: string[];
}

function adapterFor(region: TestRegion, collection = 'boards'): WebSocketClientAdapter {
  const adapter = new WebSocketClientAdapter(`${region.url}/v1/sync/automerge/${collection}`, 500);
  // A reset socket would end the process: the adapter rethrows what it is not prepared for.
  adapter.onError = () => {};
  onTestFinished(() => {
    // Without a listener, closing a socket that is still connecting is an error of the process.
    adapter.socket?.addEventListener('error', () => {});
    if (adapter.socket !== undefined) adapter.disconnect();
  });
  return adapter;
}

/** A Repo that is connected: one that is not yet says of every document that it is unavailable. */
async function connect(region: TestRegion, collection?: string): Promise<Repo> {
  const repo = new Repo({ network: [adapterFor(region, collection)] });
  await until(() => repo.peers.length > 0, 'the repo is connected');
  return repo;
}

const idOf = (handle: DocHandle<Board>): string => handle.documentId;

describe('Repos at one document', () => {
  test('[SYNC2] create, find and edit; what they wrote is in the log and in the JSON view', async () => {
    const region = await startRegion();
    const a = await connect(region);
    const board = a.create<Board>({ cards: ['first'] });
    await until(async () => JSON.stringify(await region.json(`boards/${idOf(board)}`)).includes('first'), 'the region has it');
    const found = await (await connect(region)).find<Board>(board.url);
    expect(found.doc()).toEqual({ cards: ['first'] });
    found.change((doc) => {
      doc.cards.push('second');
    });
    await until(() => board.doc().cards.length === 2, 'a sees b');
    board.change((doc) => {
      doc.title = 'plan';
    });
    await until(() => found.doc().title === 'plan', 'b sees a');
    expect(await region.json(`boards/${idOf(board)}`)).toEqual({ cards: ['first', 'second'], title: 'plan' });
  });

  test('[SYNC2] in two regions see each other', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
    linkRegions(berlin, tokyo);
    const board = (await connect(berlin)).create<Board>({ cards: ['berlin'] });
    await until(async () => JSON.stringify(await tokyo.json(`boards/${idOf(board)}`)).includes('berlin'), 'tokyo has it');
    const found = await (await connect(tokyo)).find<Board>(board.url);
    found.change((doc) => {
      doc.cards.push('tokyo');
    });
    await until(() => board.doc().cards.includes('tokyo'), 'berlin sees tokyo');
    expect(await berlin.digest(`boards/${idOf(board)}`)).toBe(await tokyo.digest(`boards/${idOf(board)}`));
  });

  test('[SYNC2] edits over REST are seen live, and the other way round, in typed documents too', async () => {
    const region = await startRegion();
    const id = '2akvofn6L1o4RMUEMQi7qzwRjKWZ';
    await region.edit(`carts-automerge/${id}`, { op: 'increment', path: '/items/sku-1/qty', by: 2 });
    const a = await connect(region, 'carts-automerge');
    const cart = await a.find<Record<string, unknown>>(id as AnyDocumentId);
    const before = cart.heads();
    await region.edit(`carts-automerge/${id}`, { op: 'increment', path: '/items/sku-1/qty', by: 3 });
    await until(() => cart.heads().join() !== before.join(), 'the session sees the edit');
    const other = await startRegion('tokyo');
    a.networkSubsystem.addNetworkAdapter(adapterFor(other, 'carts-automerge'));
    await until(async () => JSON.stringify(await other.json(`carts-automerge/${id}`)).includes('5'), 'the other region has it');
    expect(await other.json(`carts-automerge/${id}`)).toEqual(await region.json(`carts-automerge/${id}`));
  });

  test('a document that nobody has is unavailable; when it comes, it is there', async () => {
    const region = await startRegion();
    const a = await connect(region);
    const board = new Repo({ network: [] }).create<Board>({ cards: ['later'] });
    const startMs = performance.now();
    await expect(a.find<Board>(board.url)).rejects.toThrow('unavailable');
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(region.opCount).toBe(0);
    const b = await connect(region);
    const exported = await b.import<Board>((await import('@automerge/automerge')).save(board.doc()), { docId: board.documentId });
    exported.change((doc) => {
      doc.cards.push('now');
    });
    await until(() => (a.handles[board.documentId]?.state ?? '') === 'ready', 'it became available');
    const found = await a.find<Board>(board.url);
    await until(() => found.doc().cards.length === 2, 'it is there');
  });

  test('a typed document that nobody has is unavailable', async () => {
    const region = await startRegion();
    const a = await connect(region, 'carts-automerge');
    await expect(a.find('2akvofn6L1o4RMUEMQi7qzwRjKWZ' as AnyDocumentId)).rejects.toThrow('unavailable');
    expect(region.opCount).toBe(0);
  });

  test('[SYNC2] edits made while the connection is lost reach the others, also many on both sides', async () => {
    const region = await startRegion();
    const a = await connect(region);
    const b = await connect(region);
    const board = a.create<Board>({ cards: [] });
    await until(async () => JSON.stringify(await region.json(`boards/${idOf(board)}`)).includes('cards'), 'the region has it');
    const found = await b.find<Board>(board.url);
    for (const socket of region.sockets) socket.destroy();
    for (let i = 0; i < 60; i++) {
      board.change((doc) => {
        doc.cards.push(`a${i}`);
      });
      found.change((doc) => {
        doc.cards.push(`b${i}`);
      });
    }
    await until(() => board.doc().cards.length === 120 && found.doc().cards.length === 120, 'both have all', 20_000);
    expect(board.heads()).toEqual(found.heads());
    const view = (await region.json(`boards/${idOf(board)}`)) as { cards: string[] };
    expect(view.cards).toEqual(board.doc().cards);
  });

  test('[SYNC3] others see an edit only after it is durable', async () => {
    const region = await startRegion();
    const a = await connect(region);
    const board = a.create<Board>({ cards: [] });
    await until(async () => JSON.stringify(await region.json(`boards/${idOf(board)}`)).includes('cards'), 'the region has it');
    const found = await (await connect(region)).find<Board>(board.url);
    let open: () => void = () => {};
    region.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    board.change((doc) => {
      doc.cards.push('secret');
    });
    await until(() => region.replica.status().opsPending > 0, 'the op waits for durability');
    for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(found.doc().cards).toEqual([]);
    open();
    await until(() => found.doc().cards.length === 1, 'it is shown once durable');
  });

  test('[SYNC4] ephemeral messages reach Repos here and in other regions, and are not logged', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
    linkRegions(berlin, tokyo);
    const board = (await connect(berlin)).create<Board>({ cards: [] });
    await until(async () => JSON.stringify(await tokyo.json(`boards/${idOf(board)}`)).includes('cards'), 'tokyo has it');
    const here = await (await connect(berlin)).find<Board>(board.url);
    const there = await (await connect(tokyo)).find<Board>(board.url);
    const ops = berlin.opCount;
    const heard: unknown[] = [];
    here.on('ephemeral-message', ({ message }) => heard.push(message));
    there.on('ephemeral-message', ({ message }) => heard.push(message));
    board.broadcast({ cursor: 7 });
    await until(() => heard.length === 2, 'both heard it');
    expect(heard).toEqual([{ cursor: 7 }, { cursor: 7 }]);
    expect(berlin.opCount).toBe(ops);
  });

  test('[SYNC7] a Repo that has everything already logs nothing, in any region', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
    linkRegions(berlin, tokyo);
    const a = await connect(berlin);
    const board = a.create<Board>({ cards: ['once'] });
    await until(async () => JSON.stringify(await tokyo.json(`boards/${idOf(board)}`)).includes('once'), 'tokyo has it');
    const ops = tokyo.opCount;
    a.networkSubsystem.addNetworkAdapter(adapterFor(tokyo));
    for (const socket of berlin.sockets) socket.destroy();
    await until(() => berlin.doors.sessionCount === 1 && tokyo.doors.sessionCount >= 1, 'it is back');
    const late = await (await connect(tokyo)).find<Board>(board.url);
    expect(late.doc().cards).toEqual(['once']);
    expect([berlin.opCount, tokyo.opCount]).toEqual([ops, ops]);
  });
});
