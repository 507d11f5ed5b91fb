// Sessions of embedded clients at a real replica, as bytes see them.

import { VersionVector } from '@anabranch/causality';
import { createDocument } from '@anabranch/crdt';
import { parseDocumentId } from '@anabranch/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { definitionsOf, FrameClient } from './testing/frame-client.ts';
import { openClient, startRegion } from './testing/start-region.ts';
import { linkRegions, type TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';

const tea = (by = 1) => ({ op: 'increment', path: '/items/tea/qty', by }) as const;
let devices = 0;

/** A device's own copy of a document, from which it pushes. */
function deviceOf(region: TestRegion, collection = 'carts') {
  const schema = region.replica.collections.get(collection);
  if (schema === undefined) throw new Error(`no collection ${collection}`);
  devices += 1;
  const document = createDocument(schema, { yjsClientId: devices, automergeActor: devices.toString(16).padStart(32, 'd') });
  let dot = 0;
  const edit = (by = 1): Uint8Array => {
    dot += 1;
    return document.edit({ writer: `device.${devices}`, dot, hlc: { ms: dot, counter: 0 } }, [tea(by)]) ?? new Uint8Array();
  };
  return { document, edit };
}

describe('an embedded client', () => {
  test('[DOCS1] is sent its documents whole, then what others write to them, and not its own writes', async () => {
    const region = await startRegion();
    await region.edit('carts/c1', tea(2));
    const [a, b] = [await openClient(region), await openClient(region)];
    for (const client of [a, b]) {
      await client.follow(['carts/c1', 'carts/c2']);
      await client.until('state', 2);
    }
    const device = deviceOf(region);
    device.document.apply([a.of('state').find(({ document }) => document === 'carts/c1')?.state ?? new Uint8Array()]);
    await a.push(1, ['carts/c1', device.edit(3)]);
    await a.until('pushed');
    expect(await region.json('carts/c1')).toMatchObject({ items: { tea: { qty: 5 } } });
    await until(() => b.of('changes').some(({ ops }) => ops.length > 0), 'the other is told');
    expect(b.of('changes').flatMap(({ ops }) => ops.flatMap(({ writes }) => writes.map(({ document }) => document)))).toEqual(['carts/c1']);
    await region.edit('carts/c2', tea());
    await until(() => a.of('changes').some(({ ops }) => ops.length > 0), 'it is told of others');
    expect(a.of('changes').flatMap(({ ops }) => ops.map(({ writes }) => writes[0]?.document))).toEqual(['carts/c2']);
    expect(VersionVector.of(a.of('pushed')[0]?.covered ?? []).size).toBe(1);
  });

  test.each([100, 5_000])('[DOCS2] that comes back to %i documents is told what it missed, and nothing else', async (count) => {
    const region = await startRegion();
    const names = Array.from({ length: count }, (_, at) => `carts/c${at}`);
    const client = await openClient(region);
    for (let at = 0; at < count; at += 1_000) await client.follow(names.slice(at, at + 1_000), false, at + 1_000 >= count);
    await client.until('state', count);
    await until(() => client.of('changes').length > 0, 'the first changes');
    const { seen, serial, welcome } = client;
    client.close();
    await until(() => region.doors.sessionCount === 0, 'it is gone');
    for (let at = 0; at < 10; at++) await region.edit(`carts/c${at * 7}`, tea());
    await region.edit('carts/others', tea());
    const again = await openClient(region, { seen, resumeKey: welcome.resumeKey, followSerial: serial });
    expect(again.welcome.followSerial).toBe(serial);
    await until(() => again.seen.covers(region.replica.version), 'it has all');
    expect(again.of('state')).toEqual([]);
    expect(again.of('changes').flatMap(({ ops }) => ops)).toHaveLength(10);
    expect(again.bytes).toBeLessThan(2_500);
    // Forgotten by the region, it names all it holds: a few bytes each.
    again.close();
    const elsewhere = await openClient(region, { seen: again.seen, resumeKey: new Uint8Array(16), followSerial: serial });
    expect(elsewhere.welcome.followSerial).toBe(0);
  });

  test('[DOCS3] whose write is of several documents writes all or none, as one op', async () => {
    const [region, other] = [await startRegion(), await startRegion('tokyo')];
    linkRegions(region, other);
    const client = await openClient(region);
    const [one, two] = [deviceOf(region), deviceOf(region, 'carts-automerge')];
    const before = region.opCount;
    await client.push(1, ['carts/a', one.edit(1)], ['carts-automerge/b', two.edit(2)]);
    await client.until('pushed');
    expect(region.opCount).toBe(before + 1);
    await until(async () => JSON.stringify(await other.json('carts-automerge/b')).includes('"qty":2'), 'it is everywhere');
    expect(await other.json('carts/a')).toMatchObject({ items: { tea: { qty: 1 } } });
    await client.push(2, ['carts/a', one.edit(1)], ['carts-automerge/b', Uint8Array.of(1, 2, 3)]);
    await client.push(3, ['carts/c', deviceOf(region).edit(7)]);
    await client.until('refused');
    await client.until('pushed', 2);
    expect(client.of('refused')).toMatchObject([{ id: 2, code: 'update_invalid' }]);
    expect(await region.json('carts/a')).toMatchObject({ items: { tea: { qty: 1 } } });
    expect(await region.json('carts/c')).toMatchObject({ items: { tea: { qty: 7 } } });
    // What it builds on was refused with it.
    await client.push(4, ['carts/a', one.edit(1)]);
    await client.until('refused', 2);
    expect(client.of('refused')[1]).toMatchObject({ id: 4, code: 'update_incomplete' });
  });

  test('[DOCS4] that does not read for a while is told everything in order afterwards, and others are not held up', async () => {
    const region = await startRegion('berlin', { documentsUnsentBytesHigh: 64 << 10 });
    const [slow, quick] = [await openClient(region), await openClient(region)];
    for (const client of [slow, quick]) {
      await client.follow(['carts/c1']);
      await client.until('state');
    }
    slow.raw.socket.pause();
    const text = 'x'.repeat(50_000);
    for (let at = 0; at < 120; at++)
      await region.edit('carts/c1', { op: 'insert', path: '/note', index: 0, text }, { op: 'clear', path: '/note' });
    const seqsOf = (client: FrameClient): number[] => client.of('changes').flatMap(({ ops }) => ops.map(({ seq }) => seq));
    await until(() => seqsOf(quick).length === 120, 'the other has all');
    slow.raw.socket.resume();
    await until(() => slow.seen.covers(region.replica.version), 'the slow one has all');
    expect(seqsOf(slow)).toEqual(seqsOf(quick));
    expect(region.doors.sessionCount).toBe(2);
  });

  test('[DOCS5] that was away for longer than its documents are worth is sent them whole', async () => {
    const region = await startRegion();
    const first = await openClient(region);
    await first.follow(['carts/c1', 'carts/c2']);
    await first.until('state', 2);
    first.close();
    await until(() => region.doors.sessionCount === 0, 'it is gone');
    for (let round = 0; round < 101; round++) {
      await Promise.all(Array.from({ length: 100 }, () => region.edit('carts/elsewhere', tea())));
    }
    await region.edit('carts/c1', tea(4));
    const again = await openClient(region, { seen: first.seen, resumeKey: first.welcome.resumeKey, followSerial: first.serial });
    await until(() => again.seen.covers(region.replica.version), 'it has all');
    expect(
      again
        .of('state')
        .map(({ document, isResync }) => [document, isResync])
        .sort(),
    ).toEqual([
      ['carts/c1', true],
      ['carts/c2', true],
    ]);
    expect(again.of('changes').flatMap(({ ops }) => ops)).toEqual([]);
    const types = again.frames.map(({ type }) => type).filter((type) => type === 'state' || type === 'changes');
    expect(types.slice(0, 3)).toEqual(['state', 'state', 'changes']);
  });

  test('[DOCS6] that describes a collection otherwise is refused its documents and writes, and the others it keeps', async () => {
    const region = await startRegion();
    const collections = definitionsOf(region).map((one) => (one.name === 'carts' ? { ...one, definition: '{}' } : one));
    const client = await openClient(region, { collections });
    await client.follow(['carts/c1', 'nothing/x', 'carts-automerge/c1']);
    await client.until('state');
    expect(client.of('unavailable').map(({ document, code }) => [document, code])).toEqual([
      ['carts/c1', 'collection_differs'],
      ['nothing/x', 'collection_not_found'],
    ]);
    await client.push(1, ['carts/c1', deviceOf(region).edit()]);
    await client.push(2, ['carts-automerge/c1', deviceOf(region, 'carts-automerge').edit()]);
    await client.until('pushed');
    expect(client.of('refused')).toMatchObject([{ id: 1, code: 'collection_differs' }]);
  });

  test('[DOCS7] that comes with the key of a live session takes its place', async () => {
    const region = await startRegion();
    const first = await openClient(region);
    await first.follow(['carts/c1']);
    await first.until('state');
    const second = await openClient(region, { seen: first.seen, resumeKey: first.welcome.resumeKey, followSerial: first.serial });
    expect(second.welcome.followSerial).toBe(1);
    expect(await first.raw.whenClosed).toEqual({ code: 1013, reason: 'session_superseded' });
    await region.edit('carts/c1', tea());
    await until(() => second.of('changes').some(({ ops }) => ops.length > 0), 'it is told');
  });

  test('[DOCS7] that knows less of what it follows than the region names all of it again', async () => {
    const region = await startRegion();
    const first = await openClient(region);
    await first.follow(['carts/c1', 'carts/c2']);
    await first.until('state', 2);
    const { serial, seen } = first;
    await first.send({ type: 'unfollow', serial: serial + 1, documents: [parseDocumentId('carts/c2')] });
    await first.send({
      type: 'follow',
      serial: serial + 2,
      isComplete: true,
      documents: [{ document: parseDocumentId('nothing/x'), isHeld: false }],
    });
    await first.until('unavailable');
    first.close();
    await until(() => region.doors.sessionCount === 0, 'it is gone');
    await region.edit('carts/c2', tea());
    // A store that was put back: it follows what the newer one had let go of.
    const old = await openClient(region, { seen, resumeKey: first.welcome.resumeKey, followSerial: serial });
    expect(old.welcome.followSerial).toBe(0);
  });

  test('[DOCS8] that has seen more than the region waits with its writes and its new documents until the region has it', async () => {
    const [region, other] = [await startRegion('berlin', { sessionWaitMsMax: 30 }), await startRegion('tokyo')];
    const { version } = await other.edit('carts/c1', tea());
    const client = await openClient(region, { seen: version });
    expect(client.welcome.coversRequired).toBe(false);
    await client.follow(['carts/new']);
    await client.push(1, ['carts/c2', deviceOf(region).edit(5)]);
    await client.until('unavailable');
    expect(client.of('unavailable')).toMatchObject([{ document: 'carts/new', code: 'not_yet_visible' }]);
    expect(client.of('pushed')).toEqual([]);
    linkRegions(region, other);
    await client.until('covering');
    await client.until('pushed');
    await client.follow(['carts/new']);
    await client.until('state');
  });
});

test('[DOCS10] nothing that is not durable is told, answered or part of a state', async () => {
  const region = await startRegion();
  const [writer, reader, late] = [await openClient(region), await openClient(region), await openClient(region)];
  await reader.follow(['carts/c1']);
  await reader.until('state');
  let release: () => void = () => {};
  region.store.gate = new Promise((resolve) => {
    release = resolve;
  });
  await writer.push(1, ['carts/c1', deviceOf(region).edit(5)]);
  await until(() => region.replica.status().opsPending > 0, 'the op is on its way');
  await late.follow(['carts/c1']);
  // Something that is answered at once shows that they could have been told by now.
  await late.send({ type: 'follow', serial: 2, isComplete: true, documents: [{ document: parseDocumentId('nothing/x'), isHeld: false }] });
  await late.until('unavailable');
  expect([writer.of('pushed'), late.of('state'), reader.of('changes').flatMap(({ ops }) => ops)]).toEqual([[], [], []]);
  release();
  await Promise.all([writer.until('pushed'), late.until('state')]);
  await until(() => reader.of('changes').some(({ ops }) => ops.length > 0), 'the reader is told');
});

describe('[DOCS9] what a stranger sends to the door', () => {
  test('ends its session with a code, and touches nobody else', async () => {
    const region = await startRegion();
    const neighbour = await openClient(region);
    await neighbour.follow(['carts/c1']);
    await neighbour.until('state');
    const before = region.opCount;
    const attacks: [string, (client: FrameClient) => Promise<void>][] = [
      ['frame_invalid', (client) => client.raw.send('text')],
      ['frame_invalid', (client) => client.raw.send(Uint8Array.of(99))],
      ['frame_invalid', (client) => client.send({ type: 'follow', serial: 3, isComplete: true, documents: [] })],
      ['frame_invalid', async (client) => client.raw.send(client.raw.messages[0] ?? '')],
      ['frame_invalid', (client) => client.raw.send(Uint8Array.of(8, 1, 0))],
    ];
    for (const [reason, attack] of attacks) {
      const client = await openClient(region);
      await attack(client);
      expect((await client.raw.whenClosed).reason).toBe(reason);
    }
    const silent = new FrameClient(region);
    await silent.send({ type: 'alive' });
    expect((await silent.raw.whenClosed).reason).toBe('frame_invalid');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 5 }), async (messages) => {
        const client = await openClient(region);
        for (const message of messages) await client.raw.send(message);
        client.raw.socket.close();
        await client.raw.whenClosed;
      }),
      { numRuns: 60 },
    );
    expect(region.opCount).toBe(before);
    await region.edit('carts/c1', tea());
    await until(() => neighbour.of('changes').some(({ ops }) => ops.length > 0), 'the neighbour is told');
  });
});
