// Open documents on a store that fails, and between tabs.

import { AnabranchError } from '@anabranch/base';
import { YjsDocument } from '@anabranch/crdt/yjs';
import { parseDocumentId } from '@anabranch/protocol';
import { describe, expect, test, vi } from 'vitest';
import { Client, MemoryStore, type PendingWrite, type StoredDocument, schema, type Write } from '../index.ts';
import { QuietPlatform } from '../testing/quiet-platform.ts';

const collections = {
  carts: { library: 'yjs', schema: schema.object({ qty: schema.counter(), note: schema.text() }) },
  notes: { library: 'yjs', schema: 'freeform' },
} as const;
const options = { regions: [{ name: 'berlin', url: 'http://berlin.example' }], collections };
const name = parseDocumentId('carts/ann');
/** Larger than a write may be: refused at once. */
const paste = [{ op: 'insert', path: '/note', index: 0, text: 'x'.repeat(1_100_000) }] as const;
const more = [{ op: 'increment', path: '/qty', by: 1 }] as const;

/** A store of which nothing can be read while `failure` is set. */
class UnreadableStore extends MemoryStore {
  failure: unknown;
  loads = 0;

  override load(document: PendingWrite['updates'][number]['document']): Promise<StoredDocument> {
    this.loads += 1;
    return this.failure === undefined ? super.load(document) : Promise.reject(this.failure);
  }
}

/** A write of another tab to the cart. */
function writeOfOtherTab(by: number): PendingWrite {
  const identity = { yjsClientId: 77, automergeActor: '77' };
  const document = new YjsDocument(collections.carts.schema, identity);
  const author = { writer: 'other', dot: 1, hlc: { ms: 1, counter: 0 } };
  const update = document.edit(author, [{ op: 'increment', path: '/qty', by }]);
  if (update === undefined) throw new Error('it changes something');
  const described = [{ document: name, ops: '' }];
  return { n: 9, id: 'other.1', writer: 'other', updates: [{ document: name, update }], described };
}

async function start() {
  const [platform, store] = [new QuietPlatform(), new UnreadableStore()];
  const client = await Client.create(options, { platform, store });
  const cart = await client.open('carts', 'ann', { startEmpty: true });
  const refused: Write[] = [];
  client.onRefused((write) => refused.push(write));
  return { platform, store, client, cart, refused };
}

/** A store that is read in its own time. */
class SlowStore extends MemoryStore {
  readonly reads: Array<() => void> = [];
  isSlow = false;

  override async load(document: PendingWrite['updates'][number]['document']): Promise<StoredDocument> {
    const stored = await super.load(document);
    if (this.isSlow) await new Promise<void>((resolve) => this.reads.push(resolve));
    return stored;
  }
}

test('[CLIENT15] a document that a region sends while it is being read is open when it was read', async () => {
  const [platform, store] = [new QuietPlatform(), new SlowStore()];
  const client = await Client.create(options, { platform, store });
  store.isSlow = true;
  const opening = client.open('carts', 'ann');
  await vi.waitFor(() => expect(store.reads.length).toBeGreaterThan(0));
  const { updates } = writeOfOtherTab(3);
  const states = updates.map(({ document, update }) => ({ document, state: update }));
  platform.tell({ type: 'received', states, ops: [], seen: [] });
  store.isSlow = false;
  for (const read of store.reads) read();
  const cart = await opening;
  expect(cart.value).toEqual({ qty: 3, note: '' });
  await client.close();
});

describe('a document that cannot be loaded anew after a refusal', () => {
  test.each([new AnabranchError('store_failed', 'the disk is gone'), new AnabranchError('record_damaged', 'a flipped bit')])(
    '[CLIENT31] for %s says so, is loaded when it can be, and lacks nothing then',
    async (failure) => {
      const { platform, store, client, cart, refused } = await start();
      cart.edit(more);
      store.failure = failure;
      cart.edit(paste);
      await vi.waitFor(() => expect(client.status.lastError).toMatchObject({ code: failure.code }));
      // Another refusal, another tab's write, and an edit, while it cannot be read.
      platform.tell({ type: 'wrote', write: writeOfOtherTab(10) });
      await store.append(writeOfOtherTab(10));
      expect(cart.edit(more).error?.code).toBe('document_replaced');
      const { loads } = store;
      platform.runTimers();
      await vi.waitFor(() => expect(store.loads).toBe(loads + 1));
      expect(client.status.lastError).toMatchObject({ code: failure.code });
      store.failure = undefined;
      const replaced = new Promise((resolve) => cart.subscribe(resolve));
      platform.runTimers();
      await replaced;
      expect(cart.value).toEqual({ qty: 11, note: '' });
      await vi.waitFor(() => expect(client.status.lastError?.code).not.toBe(failure.code));
      await cart.edit(more).when('saved');
      expect(cart.value).toEqual({ qty: 12, note: '' });
      expect(refused.length).toBe(2);
      await client.close();
    },
  );

  test('[CLIENT31] is tried again when it is opened, and no more when the client is closed', async () => {
    const { platform, store, client, cart } = await start();
    store.failure = new Error('the disk is gone');
    cart.edit(paste);
    await vi.waitFor(() => expect(client.status.lastError).toMatchObject({ code: 'store_failed' }));
    store.failure = undefined;
    expect(await client.open('carts', 'ann', { startEmpty: true })).toBe(cart);
    await cart.edit(more).when('saved');
    expect(client.status.lastError?.code).not.toBe('store_failed');
    store.failure = new Error('the disk is gone again');
    cart.edit(paste);
    await vi.waitFor(() => expect(client.status.lastError).toMatchObject({ code: 'store_failed' }));
    await client.close();
    const { loads } = store;
    platform.runTimers();
    expect(store.loads).toBe(loads);
  });

  test('[CLIENT31] keeps what an editor goes on to write until it is loaded', async () => {
    const { platform, store, client } = await start();
    const note = await client.open('notes', 'n', { startEmpty: true });
    const old = note.yjs?.getText('body');
    old?.insert(0, 'text ');
    store.failure = new Error('the disk is gone');
    old?.insert(5, 'x'.repeat(1_100_000));
    old?.insert(0, 'kept ');
    await vi.waitFor(() => expect(client.status.lastError).toMatchObject({ code: 'store_failed' }));
    store.failure = undefined;
    platform.runTimers();
    await vi.waitFor(() => expect(note.value).toEqual({ body: 'kept text ' }));
    expect(note.yjs?.getText('body').toString()).toBe('kept text ');
    await client.close();
  });
});

test('[CLIENT31] a document that cannot be opened is opened when it is asked for again', async () => {
  const { store, client } = await start();
  store.failure = new AnabranchError('store_failed', 'the disk is gone');
  const refusals = await Promise.allSettled([client.open('carts', 'bob'), client.open('carts', 'bob')]);
  expect(refusals).toMatchObject([{ reason: { code: 'store_failed' } }, { reason: { code: 'store_failed' } }]);
  store.failure = undefined;
  const cart = await client.open('carts', 'bob', { startEmpty: true });
  expect(cart.edit(more).state).toBe('applied');
  await client.close();
});

describe('a client that is closed', () => {
  test('[CLIENT17] says so to who waits for a document', async () => {
    const { store, client } = await start();
    const waiting = [client.open('carts', 'bob'), client.open('carts', 'cleo')];
    await vi.waitFor(() => expect(store.loads).toBeGreaterThan(3));
    waiting.push(client.open('carts', 'dan'));
    await client.close();
    waiting.push(client.open('carts', 'eve'));
    const reasons = (await Promise.allSettled(waiting)).map((outcome) => outcome.status === 'rejected' && outcome.reason.code);
    expect(reasons).toEqual(['client_closed', 'client_closed', 'client_closed', 'client_closed']);
  });

  test('[CLIENT17] says so to who waits for a write to reach regions, once it is saved', async () => {
    const { store, client, cart } = await start();
    await store.append(writeOfOtherTab(2));
    const [other] = await client.pendingWrites();
    const write = cart.edit(more);
    const waiting = (['saved', 'durable', 'majority', 'all'] as const).map((state) => write.when(state));
    if (other !== undefined) waiting.push(other.when('durable'));
    const outcomes = Promise.allSettled(waiting);
    await client.close();
    waiting.push(write.when('durable'));
    const told = [...(await outcomes), ...(await Promise.allSettled(waiting.slice(-1)))];
    expect(told.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'resolved'))).toEqual([
      'resolved',
      ...Array.from({ length: 5 }, () => 'client_closed'),
    ]);
    expect([write.state, write.error]).toEqual(['saved', undefined]);
    await expect(write.when('saved')).resolves.toBeUndefined();
  });

  test('[CLIENT17] tells of writes that could not be saved any more', async () => {
    const { store, client, cart, refused } = await start();
    const told: unknown[] = [];
    cart.onClosed(({ code }) => told.push(code));
    vi.spyOn(store, 'append').mockRejectedValue(new AnabranchError('store_full', 'no room'));
    const write = cart.edit(more);
    await client.close();
    expect([write.state, write.error?.code, refused]).toEqual(['refused', 'store_full', [write]]);
    expect(told).toEqual(['client_closed']);
    expect(() => cart.edit(more)).toThrow(expect.objectContaining({ code: 'client_closed' }));
  });
});

describe('tabs', () => {
  test('[CLIENT15] show a switch of another one at once, and the one that begins to lead carries it out', async () => {
    const [platform, store] = [new QuietPlatform(), new MemoryStore()];
    const open = store.open.bind(store);
    let opens = 0;
    vi.spyOn(store, 'open').mockImplementation(async (mint) => {
      opens += 1;
      // It leads, and reads the store: the switch comes meanwhile.
      if (opens === 2) platform.tell({ type: 'switch', isOffline: true, region: 'berlin', number: 1 });
      return open(mint);
    });
    const client = await Client.create(options, { platform, store });
    await vi.waitFor(() => expect(opens).toBe(2));
    expect(client.status).toMatchObject({ isOffline: true, wantedRegion: 'berlin' });
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(client.status).toMatchObject({ isOffline: true, wantedRegion: 'berlin', connection: 'offline' });
    expect(platform.connections).toBe(0);
    await client.close();
  });
});

describe('a tab that is killed while it leads', () => {
  test('[CLIENT15] takes nothing along that it had kept and not told: documents open in other tabs show it', async () => {
    const { platform, store, client, cart } = await start();
    await store.commit([{ type: 'state', document: name, state: new Uint8Array([0, 0]) }]);
    platform.tell({ type: 'received', states: [{ document: name, state: new Uint8Array([0, 0]) }], ops: [], seen: [] });
    const note = await client.open('notes', 'n', { startEmpty: true });
    const waiting = client.open('carts', 'bob');
    const { yjs } = note;
    const changes: unknown[] = [];
    cart.subscribe(({ isLocal }) => changes.push(isLocal));
    const { updates } = writeOfOtherTab(4);
    for (const { document, update } of updates) await store.commit([{ type: 'update', document, update }]);
    await vi.waitFor(async () => expect((await store.load(parseDocumentId('carts/bob'))).isFollowed).toBe(true));
    await store.commit([{ type: 'state', document: parseDocumentId('carts/bob'), state: updates[0]?.update ?? new Uint8Array() }]);
    // And a write of a tab that was killed as well.
    const written = new YjsDocument(collections.carts.schema, { yjsClientId: 78, automergeActor: '78' });
    const author = { writer: 'third', dot: 1, hlc: { ms: 1, counter: 0 } };
    const update = written.edit(author, [{ op: 'increment', path: '/qty', by: 30 }]) ?? new Uint8Array();
    await store.append({ id: 'third.1', writer: 'third', updates: [{ document: name, update }], described: [] });
    platform.tell({ type: 'began' });
    expect((await waiting).value).toEqual({ qty: 4, note: '' });
    expect(cart.value).toEqual({ qty: 34, note: '' });
    expect([changes, note.yjs === yjs]).toEqual([[false], true]);
    await client.close();
  });
});

test('[CLIENT40] after what the device had written was let go of as damaged, what it writes then is new to regions', async () => {
  const { platform, store, client, cart } = await start();
  const first = cart.edit(more);
  await first.when('saved');
  const [written] = await store.pendingAfter(0);
  const garbage = new Uint8Array([1, 9, 9, 9]);
  const damage = Array.from({ length: 18 }, () => ({ type: 'update', document: name, update: garbage }) as const);
  await store.commit([...damage, { type: 'settle', n: written?.n ?? 0 }]);
  const replaced = new Promise((resolve) => cart.subscribe(resolve));
  platform.tell({
    type: 'received',
    states: [],
    ops: [{ origin: 'berlin.5f0c12ab90de' as never, writes: [{ document: name, update: garbage }] }],
    seen: [],
  });
  await replaced;
  expect(cart.value.qty).toBe(0);
  await cart.edit(more).when('saved');
  const [next] = await store.pendingAfter(0);
  const region = new YjsDocument(collections.carts.schema, { yjsClientId: 2 ** 32 + 1, automergeActor: 'ab' });
  for (const { updates } of [written, next].flatMap((write) => write ?? [])) region.apply(updates.map(({ update }) => update));
  expect(region.json()).toMatchObject({ qty: 2 });
  await client.close();
});
