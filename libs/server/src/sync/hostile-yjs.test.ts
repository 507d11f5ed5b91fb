// What strangers send to the Yjs door: closed with a code, nothing logged, nobody else touched, the event loop not held up.

import { encodeUtf8 } from '@anabranch/base';
import { ByteWriter, updateBytesMax } from '@anabranch/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { BusyWatch } from './testing/busy-watch.ts';
import { RawClient } from './testing/raw-client.ts';
import { TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';
import { encodeAwarenessMessage, encodeUpdate } from './yjs-messages.ts';

let region: TestRegion;
let neighbour: RawClient;
let digest: string;

beforeAll(async () => {
  region = await TestRegion.start();
  await region.edit('carts/c1', { op: 'increment', path: '/items/sku-1/qty', by: 1 });
  neighbour = new RawClient(`${region.url}/v1/sync/yjs/notes/n1`);
  const doc = new Y.Doc();
  doc.getText('body').insert(0, 'safe');
  await neighbour.send(encodeUpdate(Y.encodeStateAsUpdate(doc)));
  await until(() => region.opCount === 2, 'the neighbour has written');
  digest = await region.digest('notes/n1');
});

afterAll(async () => {
  neighbour.close();
  await region.stop();
});

/** One client block with one struct whose content is `content`, below the root type `body`. */
function updateWith(info: number, content: (writer: ByteWriter) => ByteWriter, client = 77): Uint8Array {
  const head = new ByteWriter().uint(1).uint(1).uint(client).uint(0).byte(info).uint(1).text('body');
  return content(head).uint(0).finish();
}

const deleted = (length: number): Uint8Array => updateWith(1, (writer) => writer.uint(length));
/** An `any` value that is arrays in arrays. */
const nestedAny = (depth: number): Uint8Array =>
  updateWith(8, (writer) => {
    writer.uint(1);
    for (let i = 0; i < depth; i++) writer.byte(117).uint(1);
    return writer.byte(126);
  });

const realUpdate = (() => {
  const doc = new Y.Doc();
  doc.getText('body').insert(0, 'hello world');
  doc.getMap('map').set('key', { nested: [1, 2, 3] });
  doc.getText('body').delete(2, 4);
  return Y.encodeStateAsUpdate(doc);
})();

const awareness = (state: string, clock = 1): Uint8Array =>
  encodeAwarenessMessage(new ByteWriter().uint(1).uint(5).uint(clock).sizedBytes(encodeUtf8(state)).finish());

const update = { code: 4422, reason: 'update_invalid' };
const tooLarge = { code: 1009, reason: 'request_too_large' };
const frame = { code: 4400, reason: 'frame_invalid' };
const poisons: ReadonlyArray<readonly [string, Uint8Array | string, { code: number; reason?: string }]> = [
  ['16 bytes that delete 2^45 positions', encodeUpdate(deleted(2 ** 45)), update],
  ['deleted content of length 2^31', encodeUpdate(deleted(2 ** 31)), update],
  ['an update cut in half', encodeUpdate(realUpdate.subarray(0, realUpdate.length / 2)), update],
  ['an update with bytes left over', encodeUpdate(Uint8Array.from([...realUpdate, 1, 2, 3])), update],
  [
    'an update that claims 2^40 clients',
    encodeUpdate(
      new ByteWriter()
        .uint(2 ** 40)
        .uint(1)
        .finish(),
    ),
    update,
  ],
  ['an update of endless varints', encodeUpdate(new Uint8Array(64).fill(0xff)), update],
  ['an empty update', encodeUpdate(new Uint8Array(0)), update],
  ['values nested 100,000 deep', encodeUpdate(nestedAny(100_000)), update],
  ['values nested 200 deep', encodeUpdate(nestedAny(200)), update],
  ['an update in format v2', encodeUpdate(Y.convertUpdateFormatV1ToV2(realUpdate)), update],
  ['a text message', 'hello', frame],
  ['nothing', new Uint8Array(0), frame],
  ['an unknown type of message', Uint8Array.of(9, 1, 2), frame],
  ['an unknown step', Uint8Array.of(0, 7, 0), frame],
  ['a message with bytes left over', Uint8Array.from([...encodeUpdate(realUpdate), 0]), frame],
  ['a length beyond the message', new ByteWriter().uint(0).uint(2).uint(1000).byte(1).finish(), frame],
  ['a length of 2^60', Uint8Array.of(0, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f), frame],
  [
    'a state vector that is none',
    new ByteWriter()
      .uint(0)
      .uint(0)
      .sizedBytes(Uint8Array.of(200, 1, 1))
      .finish(),
    frame,
  ],
  ['an update above the limit', encodeUpdate(new Uint8Array(updateBytesMax + 1)), tooLarge],
  ['a message above the limit', new Uint8Array(updateBytesMax + 1_000), { code: 1009 }],
  ['an awareness message above the limit', encodeAwarenessMessage(new Uint8Array(70_000)), tooLarge],
  ['an awareness state above the limit', awareness(`{"a":"${'x'.repeat(9_000)}"}`), tooLarge],
  ['awareness of 2^30 clients', encodeAwarenessMessage(new ByteWriter().uint(2 ** 30).finish()), frame],
  ['an awareness clock that silences for ever', awareness('{}', 2 ** 50), frame],
  ['an awareness state that is no JSON', awareness('{"a":'), { code: 4400, reason: 'request_malformed' }],
  ['an awareness state that is no object', awareness('7'), frame],
  ['an awareness state with a trap for a key', awareness('{"__proto__":{"role":"admin"}}'), { code: 4422, reason: 'value_invalid' }],
  ['an awareness state nested 4,000 deep', awareness(`{"a":${'['.repeat(4_000)}${']'.repeat(4_000)}}`), { code: 1009 }],
];

describe('hostile bytes at the Yjs door', () => {
  test.each(poisons)('[SYNC5] [GUARD1] [GUARD3] [GUARD6] %s', async (_name, message, expected) => {
    const [version, ops] = [region.replica.status().version, region.opCount];
    const told = neighbour.messages.length;
    const client = new RawClient(`${region.url}/v1/sync/yjs/notes/n1`);
    await client.whenOpen;
    const watch = new BusyWatch().start();
    await client.send(message);
    expect(await client.whenClosed).toMatchObject(expected);
    expect(watch.stop()).toBeLessThan(250);
    expect(neighbour.socket.readyState).toBe(neighbour.socket.OPEN);
    expect(neighbour.messages.slice(told)).toEqual([]);
    expect(region.replica.status().version.equals(version)).toBe(true);
    expect(region.opCount).toBe(ops);
    expect(await region.digest('notes/n1')).toBe(digest);
    expect(({} as { role?: string }).role).toBeUndefined();
  });

  test('[GUARD7] random and mutated messages close their session with a code of ours, or do nothing', async () => {
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.tuple(fc.constantFrom(0, 1, 3), fc.uint8Array({ maxLength: 60 })).map(([type, rest]) => Uint8Array.of(type, ...rest)),
      fc.tuple(fc.nat(), fc.nat(255)).map(([at, byte]) => {
        const mutated = encodeUpdate(realUpdate);
        mutated[at % mutated.length] = byte;
        return mutated;
      }),
    );
    await fc.assert(
      fc.asyncProperty(message, async (bytes) => {
        const client = new RawClient(`${region.url}/v1/sync/yjs/notes/fuzzed`);
        await client.send(bytes);
        // Answered after the message was taken, if the session still lives.
        client.socket.ping();
        const alive = new Promise<'alive'>((resolve) => client.socket.once('pong', () => resolve('alive')));
        const end = await Promise.race([alive, client.whenClosed]);
        client.close();
        if (end !== 'alive') expect([4400, 4422, 1009, 1013]).toContain(end.code);
      }),
      { numRuns: 150 },
    );
    expect(await region.digest('notes/n1')).toBe(digest);
    expect(neighbour.socket.readyState).toBe(neighbour.socket.OPEN);
  });

  test('[GUARD9] an update that builds on what is missing is answered with the question for it, not kept', async () => {
    const doc = new Y.Doc();
    doc.getText('body').insert(0, 'first');
    const before = Y.encodeStateVector(doc);
    doc.getText('body').insert(5, ' second');
    const client = new RawClient(`${region.url}/v1/sync/yjs/notes/gap`);
    await until(() => client.messages.length > 0, 'greeted');
    const greeted = client.messages.length;
    await client.send(encodeUpdate(Y.encodeStateAsUpdate(doc, before)));
    await until(() => client.messages.length > greeted, 'asked again');
    expect([...(client.messages.at(-1) ?? [])].slice(0, 2)).toEqual([0, 0]);
    await client.send(encodeUpdate(Y.encodeStateAsUpdate(doc)));
    await until(async () => JSON.stringify(await region.json('notes/gap')).includes('first second'), 'it is all there');
    client.close();
  });

  test('a client that never sends what is missing is sent away', async () => {
    const doc = new Y.Doc();
    doc.getText('body').insert(0, 'first');
    const before = Y.encodeStateVector(doc);
    doc.getText('body').insert(5, ' second');
    const client = new RawClient(`${region.url}/v1/sync/yjs/notes/never`);
    const gap = encodeUpdate(Y.encodeStateAsUpdate(doc, before));
    for (let i = 0; i < 20; i++) await client.send(gap);
    expect(await client.whenClosed).toEqual({ code: 1013, reason: 'update_incomplete' });
  });
});
