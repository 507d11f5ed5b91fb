// What the courier makes of what regions send, and of what they refuse.

import { AnabranchError } from '@anabranch/base';
import type { OriginId } from '@anabranch/causality';
import { AutomergeDocument } from '@anabranch/crdt/automerge';
import { YjsDocument } from '@anabranch/crdt/yjs';
import { parseDocumentId, type SessionAnswer } from '@anabranch/protocol';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Client, MemoryStore, schema } from '../index.ts';
import type { Platform } from '../ports.ts';
import type { ClientStore } from '../store/client-store.ts';
import { platformOf, ScriptedRegion, type ScriptedSession } from '../testing/scripted-regions.ts';
import { Inbox } from './inbox.ts';

const shape = schema.object({ qty: schema.counter() });
const collections = {
  carts: { library: 'yjs', schema: shape },
  boards: { library: 'automerge', schema: shape },
} as const;
const [ann, board] = ['carts/ann', 'boards/b'].map(parseDocumentId) as [never, never];

async function start(
  regions: readonly ScriptedRegion[],
  store: ClientStore = new MemoryStore(),
  platform: Platform = platformOf(regions),
): Promise<Client<typeof collections>> {
  const options = { regions: regions.map(({ name, url }) => ({ name, url })), collections };
  const client = await Client.create(options, { platform, store });
  onTestFinished(() => client.close());
  return client;
}

/** Another replica's document, as a region has it. */
function theirs(library: 'yjs' | 'automerge' = 'yjs') {
  const identity = { yjsClientId: 2 ** 32 + 5, automergeActor: 'ab'.repeat(16) };
  const document = library === 'yjs' ? new YjsDocument(shape, identity) : new AutomergeDocument(shape, identity);
  let dot = 0;
  const add = (by: number): Uint8Array => {
    dot += 1;
    const author = { writer: 'berlin.5f0c12ab90de', dot, hlc: { ms: dot, counter: 0 } };
    return document.edit(author, [{ op: 'increment', path: '/qty', by }]) ?? new Uint8Array();
  };
  return { add, state: () => document.encodeState() };
}

const sessionOf = async (region: ScriptedRegion, count = 1): Promise<ScriptedSession> => {
  await vi.waitFor(() => expect(region.sessions.length).toBeGreaterThanOrEqual(count));
  await vi.waitFor(() => expect(region.session?.of('follow').length).toBeGreaterThan(0), 4_000);
  return region.session as ScriptedSession;
};
const state = (document: never, bytes: Uint8Array): SessionAnswer => ({ type: 'state', document, isResync: false, state: bytes });
const changes = (origin: OriginId, seq: number, document: never, update: Uint8Array): SessionAnswer => ({
  ...{ type: 'changes', ops: [{ origin, seq, writes: [{ document, update }] }], told: [[origin, seq]] },
});
const garbage = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 0xff : byte));

describe('what a region sends', () => {
  for (const [name, document] of [
    ['carts', ann],
    ['boards', board],
  ] as const) {
    const library = collections[name].library;
    const id = name === 'carts' ? 'ann' : 'b';

    test(`[CLIENT40] and cannot be read is not kept, and another region is taken: an update, ${library}`, async () => {
      const [berlin, tokyo] = [new ScriptedRegion('berlin'), new ScriptedRegion('tokyo')];
      const store = new MemoryStore();
      const client = await start([berlin, tokyo], store);
      const opening = client.open(name, id);
      const session = await sessionOf(berlin);
      await vi.waitFor(() => expect(session.of('follow').flatMap(({ documents }) => documents)).toHaveLength(1));
      const region = theirs(library);
      session.send(state(document, region.state()));
      const shown = await opening;
      session.send(changes(berlin.origin, 1, document, region.add(2)));
      await vi.waitFor(() => expect(shown.value).toEqual({ qty: 2 }));
      session.send(changes(berlin.origin, 2, document, library === 'yjs' ? new Uint8Array([1, 9, 9, 9]) : garbage(region.add(3))));
      expect(session.isClosed).toBe(true);
      const next = await sessionOf(tokyo);
      expect(next.of('open')[0]?.seen).toEqual([[berlin.origin, 1]]);
      expect((await store.load(document)).updates).toHaveLength(2);
      expect((await store.open(() => '')).session?.seen).toEqual([[berlin.origin, 1]]);
      expect(shown.value).toEqual({ qty: 2 });
    });

    test(`[CLIENT40] and cannot be read is not kept, and another region is taken: a whole document, ${library}`, async () => {
      const [berlin, tokyo] = [new ScriptedRegion('berlin'), new ScriptedRegion('tokyo')];
      const store = new MemoryStore();
      const client = await start([berlin, tokyo], store);
      const opening = client.open(name, id);
      const session = await sessionOf(berlin);
      const region = theirs(library);
      region.add(2);
      await vi.waitFor(() => expect(session.of('follow').flatMap(({ documents }) => documents)).toHaveLength(1));
      session.send(state(document, garbage(region.state())));
      expect(session.isClosed).toBe(true);
      const next = await sessionOf(tokyo);
      expect((await store.load(document)).updates).toEqual([]);
      next.send(state(document, region.state()));
      expect((await opening).value).toEqual({ qty: 2 });
    });
  }

  test('[CLIENT40] and contradicts its document is found when it is read: the rest stays, and it is asked for whole', async () => {
    const berlin = new ScriptedRegion('berlin');
    const store = new MemoryStore();
    const client = await start([berlin], store);
    const opening = client.open('boards', 'b');
    const session = await sessionOf(berlin);
    const [region, impostor] = [theirs('automerge'), theirs('automerge')];
    await vi.waitFor(() => expect(session.of('follow').flatMap(({ documents }) => documents)).toHaveLength(1));
    region.add(2);
    session.send(state(board, region.state()));
    const shown = await opening;
    const own = shown.edit([{ op: 'increment', path: '/qty', by: 10 }]);
    await own.when('saved');
    // Another change under an actor and number that are taken.
    session.send(changes(berlin.origin, 1, board, impostor.add(9)));
    const asked = { document: board, isHeld: false };
    await vi.waitFor(() => expect(session.of('follow').flatMap(({ documents }) => documents)).toEqual([asked, asked]));
    expect(shown.value).toEqual({ qty: 12 });
    expect(session.isClosed).toBe(false);
    region.add(3);
    session.send(state(board, region.state()));
    await vi.waitFor(() => expect(shown.value).toEqual({ qty: 15 }));
    expect(shown.isHeld).toBe(true);
    expect(client.status.pendingWrites).toBe(1);
  });

  test.each([
    ['a seq that no origin reaches', [['berlin.5f0c12ab90de' as OriginId, Inbox.seqMax + 1]] as const],
    [
      'more origins than can be named',
      Array.from({ length: 1_025 }, (_, at) => [`berlin.${at.toString(16).padStart(12, '0')}` as OriginId, 1] as const),
    ],
  ])('[CLIENT41] with %s is not believed', async (_, told) => {
    const berlin = new ScriptedRegion('berlin');
    const client = await start([berlin]);
    const session = await sessionOf(berlin);
    session.send({ type: 'changes', ops: [], told: told.slice(0, 1_000) });
    session.send({ type: 'changes', ops: [], told: told.slice(1_000) });
    expect(session.isClosed).toBe(true);
    await vi.waitFor(() => expect(client.status.lastError?.code).toBe('frame_invalid'));
    const again = await sessionOf(berlin, 2);
    expect(again.of('open')[0]?.seen.length).toBe(told.length === 1 ? 0 : 1_000);
  });
});

test('[CLIENT41] a write that is confirmed by a vector that no mesh has is pushed again', async () => {
  const berlin = new ScriptedRegion('berlin');
  const client = await start([berlin]);
  const cart = await client.open('carts', 'ann', { startEmpty: true });
  const write = cart.edit([{ op: 'increment', path: '/qty', by: 1 }]);
  const session = await sessionOf(berlin);
  await vi.waitFor(() => expect(session.of('push')).toHaveLength(1));
  session.send({ type: 'pushed', id: 1, covered: [[berlin.origin, Number.MAX_SAFE_INTEGER]] });
  const again = await sessionOf(berlin, 2);
  await vi.waitFor(() => expect(again.of('push')).toHaveLength(1));
  expect(write.state).toBe('saved');
  again.send({ type: 'pushed', id: 1, covered: [[berlin.origin, 1]] });
  await write.when('durable');
});

describe('a store that holds what cannot be read', () => {
  async function damagedStore(): Promise<{ store: MemoryStore; region: ReturnType<typeof theirs> }> {
    const [store, region] = [new MemoryStore(), theirs()];
    await store.open(() => 'device0000000000');
    await store.commit([
      { type: 'follow', document: ann },
      { type: 'state', document: ann, state: region.state() },
      { type: 'update', document: ann, update: region.add(2) },
      { type: 'update', document: ann, update: new Uint8Array([1, 9, 9, 9]) },
      { type: 'update', document: ann, update: region.add(3) },
    ]);
    const writer = new YjsDocument(shape, { yjsClientId: 77, automergeActor: 'cd'.repeat(16) });
    const update = writer.edit({ writer: 'device0000000000.1', dot: 1, hlc: { ms: 1, counter: 0 } }, [
      { op: 'increment', path: '/qty', by: 10 },
    ]);
    await store.append({
      id: 'w',
      writer: 'device0000000000.1',
      updates: [{ document: ann, update: update ?? new Uint8Array() }],
      described: [],
    });
    return { store, region };
  }

  test('[CLIENT40] shows what can be, with the writes of the device, and has a region send the document whole', async () => {
    const berlin = new ScriptedRegion('berlin');
    const { store, region } = await damagedStore();
    region.add(100);
    const client = await start([berlin], store);
    const cart = await client.open('carts', 'ann');
    expect([cart.value, cart.isHeld]).toEqual([{ qty: 15 }, false]);
    expect(client.status.lastError).toMatchObject({ code: 'record_damaged' });
    const session = await sessionOf(berlin);
    await vi.waitFor(() => expect(session.of('follow').at(-1)?.documents).toEqual([{ document: ann, isHeld: false }]));
    session.send(state(ann, region.state()));
    await vi.waitFor(() => expect(cart.value).toEqual({ qty: 115 }));
    expect(client.status.lastError).toBeUndefined();
    const kept = await store.load(ann);
    expect([kept.isHeld, kept.updates.length, kept.pending.length]).toEqual([true, 2, 1]);
    await client.close();
    const again = await start([new ScriptedRegion('tokyo')], store);
    expect((await again.open('carts', 'ann')).value).toEqual({ qty: 115 });
  });

  test('[CLIENT40] asks for it also when it was opened before anybody spoke with regions', async () => {
    const berlin = new ScriptedRegion('berlin');
    const { store } = await damagedStore();
    const options = { regions: [{ name: 'berlin', url: berlin.url }], collections };
    const platform = platformOf([berlin]);
    let lead: () => void = () => {};
    const whenLead = new Promise<void>((resolve) => {
      lead = resolve;
    });
    const client = await Client.create(options, { platform: { ...platform, tabs: { ...platform.tabs, lead: () => whenLead } }, store });
    onTestFinished(() => client.close());
    await client.open('carts', 'ann');
    lead();
    const session = await sessionOf(berlin);
    await vi.waitFor(() => expect(session.of('follow').at(-1)?.documents).toEqual([{ document: ann, isHeld: false }]));
  });
});

describe('a document that changes for long', () => {
  /** As many updates as come, told one by one. */
  async function changeOften(region: ScriptedRegion, session: ScriptedSession, count: number, add: () => Uint8Array): Promise<void> {
    for (let seq = 1; seq <= count; seq++) session.send(changes(region.origin, seq, ann, add()));
  }

  test('[CLIENT42] is folded while the client runs, open or not, and what comes meanwhile is kept', async () => {
    const berlin = new ScriptedRegion('berlin');
    const store = new MemoryStore();
    await store.open(() => 'device0000000000');
    await store.commit([{ type: 'follow', document: ann }]);
    const client = await start([berlin], store);
    const session = await sessionOf(berlin);
    const region = theirs();
    session.send(state(ann, region.state()));
    let longest = 0;
    for (let round = 0; round < 10; round++) {
      await changeOften(berlin, session, 50, () => region.add(1));
      await vi.waitFor(async () => expect((await store.load(ann)).updates.length).toBeLessThan(150));
      longest = Math.max(longest, (await store.load(ann)).updates.length);
    }
    expect(longest).toBeLessThan(150);
    expect((await client.open('carts', 'ann')).value).toEqual({ qty: 500 });
  });
});

describe('a write that the region cannot take for the sake of its document', () => {
  const refuse = (session: ScriptedSession, id: number, code: string): void =>
    session.send({ type: 'refused', id, code, message: 'not now', details: '{}' });

  for (const code of ['document_quarantined', 'record_damaged', 'collection_differs']) {
    test(`[CLIENT44] waits, and others go on: ${code}`, async () => {
      const berlin = new ScriptedRegion('berlin');
      const client = await start([berlin]);
      const [first, second] = [
        await client.open('carts', 'ann', { startEmpty: true }),
        await client.open('carts', 'bob', { startEmpty: true }),
      ];
      const deferred = first.edit([{ op: 'increment', path: '/qty', by: 1 }]);
      const session = await sessionOf(berlin);
      await vi.waitFor(() => expect(session.of('push')).toHaveLength(1));
      refuse(session, 1, code);
      const later = first.edit([{ op: 'increment', path: '/qty', by: 1 }]);
      const other = second.edit([{ op: 'increment', path: '/qty', by: 1 }]);
      await vi.waitFor(() => expect(session.of('push')).toHaveLength(2));
      session.send({ type: 'pushed', id: 2, covered: [[berlin.origin, 1]] });
      await other.when('durable');
      expect([deferred.state, later.state, session.isClosed]).toEqual(['saved', 'saved', false]);
      expect(client.status).toMatchObject({ pendingWrites: 2, lastError: { code } });
    });
  }

  test('[CLIENT44] is pushed to another region, in order, and the one that has damaged it comes last', async () => {
    const [berlin, tokyo] = [new ScriptedRegion('berlin'), new ScriptedRegion('tokyo')];
    const client = await start([berlin, tokyo]);
    const cart = await client.open('carts', 'ann', { startEmpty: true });
    await vi.waitFor(() => expect(client.status.regions.every(({ isReachable }) => isReachable === true)).toBe(true));
    const writes = [1, 2].map((by) => cart.edit([{ op: 'increment', path: '/qty', by }]));
    const session = await sessionOf(berlin);
    await vi.waitFor(() => expect(session.of('push')).toHaveLength(2));
    refuse(session, 1, 'document_quarantined');
    const next = await sessionOf(tokyo);
    await vi.waitFor(() => expect(next.of('push')).toHaveLength(2));
    expect(next.of('push').map((push) => push.writes)).toEqual(session.of('push').map((push) => push.writes));
    // There as well: it stays, and does not go back and forth.
    refuse(next, 1, 'document_quarantined');
    refuse(next, 2, 'document_quarantined');
    expect([next.isClosed, berlin.sessions.length]).toEqual([false, 1]);
    expect(writes.map((write) => write.state)).toEqual(['saved', 'saved']);
  });

  test('[CLIENT44] is pushed to another region as soon as the client may go there', async () => {
    const [berlin, tokyo] = [new ScriptedRegion('berlin'), new ScriptedRegion('tokyo')];
    const client = await start([berlin, tokyo]);
    const cart = await client.open('carts', 'ann', { startEmpty: true });
    client.moveTo('berlin');
    const write = cart.edit([{ op: 'increment', path: '/qty', by: 1 }]);
    const session = await sessionOf(berlin);
    await vi.waitFor(() => expect(session.of('push')).toHaveLength(1));
    refuse(session, 1, 'record_damaged');
    await vi.waitFor(() => expect(client.status.lastError).toMatchObject({ code: 'record_damaged' }));
    expect([session.isClosed, tokyo.sessions.length]).toEqual([false, 0]);
    client.moveTo('nearest');
    const next = await sessionOf(tokyo);
    await vi.waitFor(() => expect(next.of('push')).toHaveLength(1));
    next.send({ type: 'pushed', id: 1, covered: [[tokyo.origin, 1]] });
    await write.when('durable');
  });

  test('[CLIENT44] is pushed to another region as soon as that is in reach', async () => {
    const [berlin, tokyo] = [new ScriptedRegion('berlin'), new ScriptedRegion('tokyo')];
    const platform = platformOf([berlin, tokyo]);
    let isTokyoInReach = false;
    const sendHttp: Platform['sendHttp'] = async (request) => {
      if (!isTokyoInReach && request.url.startsWith(tokyo.url)) throw new Error('no way');
      return platform.sendHttp(request);
    };
    const client = await start([berlin, tokyo], new MemoryStore(), { ...platform, sendHttp });
    const cart = await client.open('carts', 'ann', { startEmpty: true });
    await vi.waitFor(() => expect(client.status.regions.map(({ isReachable }) => isReachable)).toEqual([true, false]));
    cart.edit([{ op: 'increment', path: '/qty', by: 1 }]);
    const session = await sessionOf(berlin);
    await vi.waitFor(() => expect(session.of('push')).toHaveLength(1));
    refuse(session, 1, 'record_damaged');
    await vi.waitFor(() => expect(client.status.lastError).toMatchObject({ code: 'record_damaged' }));
    expect([session.isClosed, tokyo.sessions.length]).toEqual([false, 0]);
    isTokyoInReach = true;
    // A switch has regions asked anew, as time does.
    client.moveTo('nearest');
    const next = await sessionOf(tokyo);
    await vi.waitFor(() => expect(next.of('push')).toHaveLength(1));
  });
});

describe('what the device has seen', () => {
  test('[CLIENT41] can be forgotten, when no region has it: documents and writes stay', async () => {
    const berlin = new ScriptedRegion('berlin');
    const store = new MemoryStore();
    const client = await start([berlin], store);
    const opening = client.open('carts', 'ann');
    const session = await sessionOf(berlin);
    const region = theirs();
    region.add(2);
    session.send(state(ann, region.state()));
    const cart = await opening;
    session.send({ type: 'changes', ops: [], told: [[berlin.origin, 2 ** 47]] });
    berlin.welcome = { coversRequired: false };
    session.sendBytes(new Uint8Array());
    const stuck = await sessionOf(berlin, 2);
    await vi.waitFor(() => expect(client.status.lacksHere).toBe(true));
    expect(stuck.of('open')[0]?.required).toEqual([[berlin.origin, 2 ** 47]]);
    const write = cart.edit([{ op: 'increment', path: '/qty', by: 1 }]);
    await write.when('saved');
    client.forgetSeen();
    const fresh = await sessionOf(berlin, 3);
    expect(fresh.of('open')[0]).toMatchObject({ seen: [], required: [], resumeKey: new Uint8Array() });
    await vi.waitFor(() => expect(fresh.of('push')).toHaveLength(1));
    expect([cart.value, write.state]).toEqual([{ qty: 3 }, 'saved']);
    expect((await store.open(() => '')).session?.seen).toEqual([]);
  });

  test('[CLIENT24] of other documents says nothing of one that was not sent, also when the device ends there', async () => {
    const berlin = new ScriptedRegion('berlin');
    const store = new MemoryStore();
    const region = theirs();
    await store.open(() => 'device0000000000');
    await store.commit([
      { type: 'follow', document: ann },
      { type: 'state', document: ann, state: region.state() },
    ]);
    const load = store.load.bind(store);
    // It is slow to read: whatever waits for that is not kept.
    store.load = () => new Promise(() => {});
    await start([berlin], store);
    const session = await sessionOf(berlin);
    session.send({ type: 'unavailable', document: ann, code: 'overloaded', message: 'not now' });
    session.send({ type: 'changes', ops: [], told: [[berlin.origin, 7]] });
    await vi.waitFor(async () => expect((await store.open(() => '')).session?.seen).toEqual([[berlin.origin, 7]]));
    expect((await load(ann)).isHeld).toBe(false);
  });
});

test('[CLIENT17] what the store could not do of its own accord is shown, and nothing stops', async () => {
  const berlin = new ScriptedRegion('berlin');
  class TroubledStore extends MemoryStore {
    readonly trouble = new AnabranchError('store_full', 'the journal could not be written anew');
  }
  const client = await start([berlin], new TroubledStore());
  await sessionOf(berlin);
  await vi.waitFor(() => expect(client.status).toMatchObject({ connection: 'online', lastError: { code: 'store_full' } }));
});
