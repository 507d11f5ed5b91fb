// What strangers send to the Automerge door: closed with a code, nothing logged, nobody else touched, the event loop not
// held up.

import { deflateRawSync } from 'node:zlib';
import { ByteWriter } from '@anabranch/protocol';
import * as A from '@automerge/automerge';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { BusyWatch } from './testing/busy-watch.ts';
import { RawClient } from './testing/raw-client.ts';
import { TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';

const id = '4NMNnkMhL8jXrdJ9jamS58PAVdXu';
const join = encodeCbor({ type: 'join', senderId: 'stranger', peerMetadata: {}, supportedProtocolVersions: ['1'] });

function sync(data: Uint8Array, members: Record<string, string> = {}): Uint8Array {
  return encodeCbor({ type: 'sync', senderId: 'stranger', targetId: 'server', documentId: id, data, ...members });
}

/** A sync message that carries changes, deflated or not, as they are. */
function carrying(...changes: Uint8Array[]): Uint8Array {
  const writer = new ByteWriter().byte(0x42).uint(changes.length === 0 ? 0 : 1);
  if (changes.length > 0) writer.bytes(new Uint8Array(32).fill(0xab));
  writer.uint(0).uint(1).uint(0).uint(0).uint(changes.length);
  for (const change of changes) writer.sizedBytes(change);
  return writer.finish();
}

function changeOf(members: Record<string, unknown>, actor = 'cc'): Uint8Array {
  const doc = A.change(A.init<Record<string, unknown>>({ actor }), (content) => {
    Object.assign(content, members);
  });
  const change = A.getLastLocalChange(doc);
  if (change === undefined) throw new Error('no change');
  return change;
}

/** A change chunk whose body inflates to 20,000,000 bytes. */
const bomb = (() => {
  const body = deflateRawSync(new Uint8Array(20_000_000));
  return new ByteWriter()
    .bytes(Uint8Array.of(0x85, 0x6f, 0x4a, 0x83, 1, 2, 3, 4, 2))
    .sizedBytes(body)
    .finish();
})();

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

/** A message of one bloom filter with so many probes. */
const probes = Uint8Array.of(0x42, 0, 0, 1, 0, 7, 1, 10, 0x80, 0xad, 0xe2, 0x04, 255, 0);

let region: TestRegion;
let neighbour: RawClient;
let board: A.Doc<{ cards: string[] }>;
let digest: string;

beforeAll(async () => {
  region = await TestRegion.start();
  board = A.from({ cards: ['safe'] }, { actor: 'aa' });
  neighbour = new RawClient(`${region.url}/v1/sync/automerge/boards`);
  await neighbour.send(encodeCbor({ type: 'join', senderId: 'neighbour', supportedProtocolVersions: ['1'] }));
  await neighbour.send(sync(carrying(...A.getAllChanges(board)), { senderId: 'neighbour' }));
  await until(() => region.opCount === 1, 'the neighbour has written');
  await until(() => neighbour.messages.length === 2, 'the neighbour was answered');
  digest = await region.digest(`boards/${id}`);
});

afterAll(async () => {
  neighbour.close();
  await region.stop();
});

const change = changeOf({ title: 'plan' });
const update = { code: 4422, reason: 'update_invalid' };
const frame = { code: 4400, reason: 'frame_invalid' };
const tooLarge = { code: 1009, reason: 'request_too_large' };
const badId = { code: 4400, reason: 'document_id_invalid' };

const beforeJoining: ReadonlyArray<readonly [string, Uint8Array | string, object]> = [
  ['a sync message before joining', sync(carrying(change)), frame],
  ['a text message', '{}', frame],
  ['nothing', new Uint8Array(0), frame],
  ['no CBOR', Uint8Array.of(0xff, 0xff), frame],
  ['a list', encodeCbor([1, 2, 3]), frame],
  ['a map with a trap for a key', encodeCbor({ type: 'join', senderId: 'x', ['__proto__']: { role: 'admin' } }), frame],
  ['arrays nested a million deep', new Uint8Array(1_000_000).fill(0x81), frame],
  ['a join without a name', encodeCbor({ type: 'join' }), frame],
  ['a join with a name of 10 kB', encodeCbor({ type: 'join', senderId: 'x'.repeat(10_000) }), frame],
  ['a message above the limit', new Uint8Array(4 * 1024 * 1024 + 1), { code: 1009 }],
  [
    'a join for another protocol version',
    encodeCbor({ type: 'join', senderId: 'x', supportedProtocolVersions: ['99'] }),
    { code: 4400, reason: 'protocol_version_unsupported' },
  ],
];

const afterJoining: ReadonlyArray<readonly [string, () => Uint8Array, object]> = [
  ['a message in the name of another', () => sync(carrying(change), { senderId: 'neighbour' }), frame],
  ['a second join under another name', () => encodeCbor({ type: 'join', senderId: 'other' }), frame],
  ['a document of another collection', () => sync(carrying(change), { documentId: 'carts/c1' }), badId],
  ['a document outside of collections', () => sync(carrying(change), { documentId: '../../etc/passwd' }), badId],
  ['a document id of 10 kB', () => sync(carrying(change), { documentId: 'x'.repeat(10_000) }), frame],
  ['a sync message of no bytes', () => sync(new Uint8Array(0)), frame],
  ['a bloom filter that names ten million probes', () => sync(probes), frame],
  ['a sync message cut off', () => sync(carrying(change).subarray(0, 60)), frame],
  ['changes that are no chunks', () => sync(carrying(Uint8Array.of(1, 2, 3))), update],
  ['a change cut off', () => sync(carrying(change.subarray(0, change.length - 5))), update],
  ['a change with a flipped bit', () => sync(carrying(change.map((byte, i) => (i === 20 ? byte ^ 1 : byte)))), update],
  ['a change that says another thing than the one held', () => sync(carrying(changeOf({ x: 1 }, 'aa'))), update],
  ['a change with a trap for a key', () => sync(carrying(changeOf({ constructor: 1 }))), update],
  ['values nested 100 deep', () => sync(carrying(changeOf({ deep: nested(100) }))), update],
  ['a deflated change of 20 kB that inflates to 20,000,000 bytes', () => sync(carrying(bomb)), tooLarge],
  [
    'an ephemeral message of 100 kB',
    () => encodeCbor({ type: 'ephemeral', senderId: 'stranger', sessionId: 's', count: 1, documentId: id, data: new Uint8Array(100_000) }),
    tooLarge,
  ],
];

async function expectRefused(messages: ReadonlyArray<Uint8Array | string>, expected: object): Promise<void> {
  const [version, ops] = [region.replica.status().version, region.opCount];
  const told = neighbour.messages.length;
  const client = new RawClient(`${region.url}/v1/sync/automerge/boards`);
  await client.whenOpen;
  const watch = new BusyWatch().start();
  for (const message of messages) await client.send(message);
  expect(await client.whenClosed).toMatchObject(expected);
  expect(watch.stop()).toBeLessThan(250);
  expect(neighbour.socket.readyState).toBe(neighbour.socket.OPEN);
  expect(neighbour.messages.slice(told)).toEqual([]);
  expect(region.replica.status().version.equals(version)).toBe(true);
  expect(region.opCount).toBe(ops);
  expect(await region.digest(`boards/${id}`)).toBe(digest);
  expect(({} as { role?: string }).role).toBeUndefined();
}

describe('hostile bytes at the Automerge door', () => {
  test.each(beforeJoining)('[SYNC5] [GUARD1] [GUARD5] [GUARD6] %s', async (_name, message, expected) => {
    await expectRefused([message], expected);
  });

  test.each(afterJoining)('[SYNC5] [GUARD1] [GUARD4] [GUARD6] %s', async (_name, message, expected) => {
    await expectRefused([join, message()], expected);
  });

  test('[GUARD7] random and mutated messages close their session with a code of ours, or do nothing', async () => {
    const real = sync(carrying(change), { documentId: 'fuzzed' });
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]) => {
        const mutated = Uint8Array.from(real);
        mutated[at % mutated.length] = byte;
        return mutated;
      }),
    );
    await fc.assert(
      fc.asyncProperty(message, async (bytes) => {
        const client = new RawClient(`${region.url}/v1/sync/automerge/boards`);
        await client.send(join);
        await client.send(bytes);
        client.socket.ping();
        const alive = new Promise<'alive'>((resolve) => client.socket.once('pong', () => resolve('alive')));
        const end = await Promise.race([alive, client.whenClosed]);
        client.close();
        if (end !== 'alive') expect([4400, 4422, 1009, 1013]).toContain(end.code);
      }),
      { numRuns: 150 },
    );
    expect(await region.digest(`boards/${id}`)).toBe(digest);
    expect(neighbour.socket.readyState).toBe(neighbour.socket.OPEN);
  });

  test('messages of kinds that this release does not know are passed over', async () => {
    const client = new RawClient(`${region.url}/v1/sync/automerge/boards`);
    await client.send(join);
    for (const type of ['remote-subscription-change', 'remote-heads-changed', 'leave', 'doc-unavailable', 'something-new']) {
      await client.send(encodeCbor({ type, senderId: 'stranger', documentId: id, newHeads: { s: { heads: [], timestamp: 1.5e12 } } }));
    }
    await client.send(encodeCbor({ type: 'request', senderId: 'stranger', documentId: id, data: carrying() }));
    await until(() => client.messages.length === 2, 'joined and answered');
    expect(client.messages.map((bytes) => (decodeCbor(bytes) as ReadonlyMap<string, unknown>).get('type'))).toEqual(['peer', 'sync']);
    client.close();
  });

  test('changes whose predecessors are left out are held and asked for', async () => {
    let doc = A.from<{ cards: string[] }>({ cards: [] }, { actor: 'dd' });
    for (let i = 0; i < 5; i++) {
      doc = A.change(doc, (content) => {
        content.cards.push(`card ${i}`);
      });
    }
    const [first, second, third, ...rest] = A.getAllChanges(doc);
    if (first === undefined || second === undefined || third === undefined) throw new Error('no changes');
    const client = new RawClient(`${region.url}/v1/sync/automerge/boards`);
    await client.send(join);
    const about = { documentId: 'gap' };
    const withHeads = (...changes: Uint8Array[]): Uint8Array =>
      A.encodeSyncMessage({ heads: A.getHeads(doc), need: [], have: [{ lastSync: [], bloom: new Uint8Array(0) }], changes });
    // What the bloom filter of the protocol does now and then: one change is taken for known.
    await client.send(sync(withHeads(first, second, ...rest), about));
    const syncs = (): A.DecodedSyncMessage[] =>
      client.messages
        .slice(1)
        .map((bytes) => A.decodeSyncMessage((decodeCbor(bytes) as ReadonlyMap<string, Uint8Array>).get('data') ?? new Uint8Array()));
    await until(() => syncs().length === 1, 'answered');
    expect(syncs()[0]?.need).toContain(A.decodeChange(third).hash);
    expect(await region.json('boards/gap')).toEqual({ cards: ['card 0'] });
    await client.send(sync(withHeads(third), about));
    await until(() => syncs().length === 2, 'answered again');
    expect(syncs()[1]).toMatchObject({ need: [], heads: A.getHeads(doc) });
    expect(await region.json('boards/gap')).toEqual({ cards: ['card 0', 'card 1', 'card 2', 'card 3', 'card 4'] });
    client.close();
  });

  test('[SYNC5] who sends more changes without their predecessors than are held is closed, and nobody else', async () => {
    const small = await TestRegion.start({ limits: { heldChangeBytesMax: 1_000 } });
    let doc = A.from<{ cards: string[] }>({ cards: [] }, { actor: 'ee' });
    for (let i = 0; i < 40; i++) {
      doc = A.change(doc, (content) => {
        content.cards.push(`card ${i}`);
      });
    }
    const client = new RawClient(`${small.url}/v1/sync/automerge/boards`);
    await client.send(join);
    await client.send(sync(carrying(...A.getAllChanges(doc).slice(1))));
    expect(await client.whenClosed).toMatchObject({ code: 1013, reason: 'overloaded' });
    await until(() => small.doors.sessionCount === 0, 'the session is gone');
    await small.stop();
  });
});
