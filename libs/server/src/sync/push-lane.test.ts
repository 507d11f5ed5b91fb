// The pushes of embedded clients that do not go the usual way, at a real replica.

import { AnabranchError } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import { createDocument } from '@anabranch/crdt';
import { type DocumentUpdate, encodeSessionFrame, parseDocumentId } from '@anabranch/protocol';
import { describe, expect, test } from 'vitest';
import { openClient, startRegion } from './testing/start-region.ts';
import { linkRegions, type TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';

const isPaused = (region: TestRegion): boolean => [...region.sockets].some((socket) => socket.isPaused());
const bytesRead = (region: TestRegion): number => [...region.sockets].reduce((sum, { bytesRead: bytes }) => sum + bytes, 0);

/** A device that adds to one counter, each time by an update that builds on those before. */
function adder(region: TestRegion): () => Uint8Array {
  const schema = region.replica.collections.get('carts');
  if (schema === undefined) throw new Error('no collection carts');
  const document = createDocument(schema, { yjsClientId: 7, automergeActor: 'd'.repeat(32) });
  let dot = 0;
  return () => {
    dot += 1;
    const update = document.edit({ writer: 'device.1', dot, hlc: { ms: dot, counter: 0 } }, [
      { op: 'increment', path: '/items/tea/qty', by: 1 },
    ]);
    if (update === undefined) throw new Error('nothing changed');
    return update;
  };
}

test('[DOCS11] of a client whose pushes wait, no more is read than the limits of bytes and of pushes, and all are taken in the end', async () => {
  const [region, other] = [await startRegion(), await startRegion('tokyo')];
  const { version } = await other.edit('carts/c1', { op: 'increment', path: '/items/tea/qty', by: 1 });
  const client = await openClient(region, { seen: version });
  const add = adder(region);
  for (let id = 1; id <= 700; id++) await client.push(id, ['carts/c2', add()]);
  await until(() => isPaused(region), 'it is not read');
  linkRegions(region, other);
  await client.until('pushed', 700);
  expect(client.of('pushed').map(({ id }) => id)).toEqual(Array.from({ length: 700 }, (_, at) => at + 1));
  expect(await region.json('carts/c2')).toMatchObject({ items: { tea: { qty: 700 } } });
  await until(() => !isPaused(region), 'it is read again');
});

test('[DOCS11] pushes of nothing count by their frames and writes; a client that is not read and goes away is let go of', async () => {
  const region = await startRegion('berlin', { sweepMs: 20, keepAliveMs: 20, pingAfterMs: 20, pushesInFlightMax: 100_000 });
  const client = await openClient(region, { seen: VersionVector.of([['lima.5f0c12ab90de' as never, 9]]) });
  const writes: DocumentUpdate[] = Array.from({ length: 64 }, (_, at) => ({
    document: parseDocumentId(`carts/${'x'.repeat(190)}${at}`),
    update: new Uint8Array(),
  }));
  const frame = encodeSessionFrame({ type: 'push', id: 1, writes });
  for (let sent = 0; sent < 1_000; sent++) await client.raw.send(frame);
  await until(() => isPaused(region), 'it is not read');
  expect(bytesRead(region)).toBeLessThan(2 << 20);
  client.close();
  await until(() => region.doors.sessionCount === 0, 'it is let go of');
});

test('[DOCS11] an update of no bytes is refused, and what comes behind it is taken', async () => {
  const region = await startRegion();
  const client = await openClient(region);
  const before = region.opCount;
  await client.push(1, ['boards/b1', new Uint8Array()]);
  await client.push(2, ['carts/c1', adder(region)()], ['boards/b1', new Uint8Array()]);
  await client.push(3, ['carts/c1', adder(region)()]);
  await client.until('pushed');
  expect(client.of('refused')).toMatchObject([
    { id: 1, code: 'update_invalid' },
    { id: 2, code: 'update_invalid' },
  ]);
  expect(region.opCount).toBe(before + 1);
});

test('[DOCS12] a push that the region cannot take right now ends the session, and nothing behind it is taken before it', async () => {
  const region = await startRegion();
  const [client, reader] = [await openClient(region), await openClient(region)];
  const before = region.opCount;
  const readDocument = region.store.readDocument.bind(region.store);
  let isFull = true;
  region.store.readDocument = (document) => {
    if (isFull && document === 'carts/first') throw new AnabranchError('overloaded', 'too much is read');
    return readDocument(document);
  };
  await reader.follow(['carts/second']);
  await reader.until('state');
  const [first, second] = [adder(region)(), adder(region)()];
  await client.push(1, ['carts/first', first]);
  await client.push(2, ['carts/second', second]);
  expect(await client.raw.whenClosed).toEqual({ code: 1013, reason: 'overloaded' });
  expect([client.of('pushed'), client.of('refused'), region.opCount]).toEqual([[], [], before]);
  isFull = false;
  const again = await openClient(region, { resumeKey: client.welcome.resumeKey });
  await again.push(1, ['carts/first', first]);
  await again.push(2, ['carts/second', second]);
  await again.until('pushed', 2);
  await until(() => reader.of('changes').some(({ ops }) => ops.length > 0), 'the reader is told');
  expect(region.opCount).toBe(before + 2);
});

describe('a push to a document that the region cannot serve', () => {
  const damaged = ({ store }: TestRegion, isDamaged: () => boolean): void => {
    const readDocument = store.readDocument.bind(store);
    store.readDocument = (document) => {
      if (isDamaged() && document === 'carts/first') throw new AnabranchError('record_damaged', 'a record fails its checksum');
      return readDocument(document);
    };
  };

  test('[DOCS14] is refused with all later ones to its documents, others are taken; in another session all are, in order', async () => {
    const region = await startRegion();
    let isDamaged = true;
    damaged(region, () => isDamaged);
    const client = await openClient(region);
    const [first, second, third] = [adder(region), adder(region), adder(region)];
    const pushes: Array<Array<[string, Uint8Array]>> = [
      [['carts/first', first()]],
      [
        ['carts/first', first()],
        ['carts/second', second()],
      ],
      [['carts/second', second()]],
      [['carts/third', third()]],
    ];
    for (const [at, writes] of pushes.entries()) await client.push(at + 1, ...writes);
    await client.until('pushed');
    expect(client.of('refused').map(({ id, code }) => [id, code])).toEqual([1, 2, 3].map((id) => [id, 'record_damaged']));
    expect(client.of('pushed').map(({ id }) => id)).toEqual([4]);
    isDamaged = false;
    await client.push(5, ['carts/first', first()]);
    await client.until('refused', 4);
    const again = await openClient(region);
    for (const [at, writes] of pushes.entries()) await again.push(at + 1, ...writes);
    await again.until('pushed', 4);
    expect(await region.json('carts/second')).toMatchObject({ items: { tea: { qty: 2 } } });
  });

  test('[DOCS14] ends the session when there are too many of these documents', async () => {
    const region = await startRegion('berlin', { heldUpDocumentsMax: 1 });
    damaged(region, () => true);
    const client = await openClient(region);
    await client.push(1, ['carts/first', adder(region)()], ['carts/second', adder(region)()]);
    expect(await client.raw.whenClosed).toMatchObject({ reason: 'record_damaged' });
  });
});
