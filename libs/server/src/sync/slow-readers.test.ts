// Clients that do not read, or ask for too much: bounded in memory, and in the time spent on them.

import { encodeUtf8 } from '@anabranch/base';
import * as A from '@automerge/automerge';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as Y from 'yjs';
import { encodeAwareness } from './awareness-table.ts';
import { encodeCbor } from './cbor.ts';
import { HocuspocusAddress } from './hocuspocus-messages.ts';
import { RawClient } from './testing/raw-client.ts';
import { startRegion } from './testing/start-region.ts';
import type { TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';
import { emptyAwarenessMessage, encodeAwarenessMessage, encodeSyncStep1, encodeUpdate } from './yjs-messages.ts';

function connect(region: TestRegion, path: string): RawClient {
  const client = new RawClient(`${region.url}${path}`);
  onTestFinished(() => client.close());
  return client;
}

const emptyStep1 = encodeSyncStep1(Uint8Array.of(0));

describe('a client that does not read', () => {
  test('[SYNC6] is closed once too much waits for it; others go on, and its large answer alone is no reason', async () => {
    const region = await startRegion('berlin', { sendBufferBytesMax: 256 << 10, closeMsMax: 200 });
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    const writer = connect(region, '/v1/sync/yjs/notes/n1');
    const reader = connect(region, '/v1/sync/yjs/notes/n1');
    await Promise.all([writer.send(emptyStep1), reader.send(emptyStep1)]);
    await until(() => reader.messages.length >= 2, 'greeted');
    const stuck = connect(region, '/v1/sync/yjs/notes/n1');
    await stuck.send(emptyStep1);
    await until(() => stuck.messages.length >= 2, 'greeted');
    stuck.socket.pause();
    const told = reader.messages.length;
    let rounds = 0;
    while (region.doors.sessionCount === 3 && rounds < 400) {
      doc.getText('body').insert(0, 'x'.repeat(100_000));
      doc.getText('body').delete(0, 100_000);
      for (const update of updates.splice(0)) await writer.send(encodeUpdate(update));
      await until(() => reader.messages.length >= told + 2 * (rounds + 1), 'the other reader has it');
      rounds++;
    }
    expect(region.doors.sessionCount).toBe(2);
    expect(rounds).toBeLessThan(400);
  });
});

describe('a client that comes to a document where many are', () => {
  test.each(['/v1/sync/yjs/notes/n1', '/v1/sync/hocuspocus'])('[SYNC6] by %s is not taken for slow because of them', async (path) => {
    const region = await startRegion('berlin', { sendBufferBytesMax: 512 << 10, awarenessBytesPerSecondMax: 1 << 30 });
    const crowd = connect(region, '/v1/sync/yjs/notes/n1');
    const state = encodeUtf8(JSON.stringify({ about: 'x'.repeat(8_000) }));
    for (let clientId = 1; clientId <= 900; clientId++) {
      const [update = new Uint8Array()] = encodeAwareness([{ clientId, clock: 1, state }], 16_384);
      await crowd.send(encodeAwarenessMessage(update));
    }
    await crowd.send(emptyStep1);
    await until(() => crowd.messages.some((message) => message[0] === 0 && message[1] === 1), 'all are there');
    const comer = connect(region, path);
    const address = path.endsWith('hocuspocus') ? new HocuspocusAddress('notes/n1') : undefined;
    if (address !== undefined) await comer.send(address.message(Uint8Array.of(2, 0, 0)));
    await comer.send(address?.message(emptyStep1) ?? emptyStep1);
    await until(() => comer.messages.length > 4, 'greeted');
    // What is told of the document comes behind the presence of all.
    await region.edit('notes/n1', { op: 'set', path: '/m/k', value: 'the last word' });
    await until(() => comer.messages.some((message) => Buffer.from(message).includes('the last word')), 'told of an edit');
    expect(region.doors.sessionCount).toBe(2);
  });
});

describe('a client that asks for too much', () => {
  test('is read slowly, and answered in the end', async () => {
    const region = await startRegion('berlin', { awarenessBytesPerSecondMax: 1_000, sweepMs: 50 });
    const client = connect(region, '/v1/sync/yjs/notes/n1');
    for (let i = 0; i < 1_500; i++) await client.send(emptyAwarenessMessage);
    await client.send(emptyStep1);
    await until(() => client.messages.some((message) => message[0] === 0 && message[1] === 1), 'answered in the end');
    expect(region.doors.sessionCount).toBe(1);
  });
});

describe('a client that says nothing', () => {
  test('is pinged, and cut when it does not answer', async () => {
    const region = await startRegion('berlin', { sweepMs: 20, pingAfterMs: 40, silenceMsMax: 150 });
    const [answering, silent] = [connect(region, '/v1/sync/yjs/notes/n1'), connect(region, '/v1/sync/yjs/notes/n1')];
    await Promise.all([answering.whenOpen, silent.whenOpen]);
    silent.socket.pause();
    await until(() => region.doors.sessionCount === 1, 'the silent one is cut');
    await until(() => answering.messages.length >= 0 && answering.socket.readyState === answering.socket.OPEN, 'the other stays');
  });

  test('does not stay without joining', async () => {
    const region = await startRegion('berlin', { sweepMs: 20, joinMsMax: 50 });
    const client = connect(region, '/v1/sync/automerge/boards');
    expect(await client.whenClosed).toMatchObject({ reason: 'handshake_timeout' });
  });
});

describe('limits', () => {
  test('sessions beyond the limit are refused before the upgrade', async () => {
    const region = await startRegion('berlin', { sessionsMax: 1 });
    const first = connect(region, '/v1/sync/yjs/notes/n1');
    await first.whenOpen;
    await until(() => region.doors.sessionCount === 1, 'open');
    expect(await connect(region, '/v1/sync/automerge/boards').whenClosed).toMatchObject({ code: 1006 });
    expect(region.doors.sessionCount).toBe(1);
  });

  test('documents beyond the limit of a socket close it', async () => {
    const region = await startRegion('berlin', { documentsPerSocketMax: 2 });
    const client = connect(region, '/v1/sync/automerge/boards');
    await client.send(encodeCbor({ type: 'join', senderId: 'greedy' }));
    const [, request] = A.generateSyncMessage(A.init(), A.initSyncState());
    if (request === null) throw new Error('no request');
    for (const documentId of ['a', 'b', 'c']) {
      await client.send(encodeCbor({ type: 'request', senderId: 'greedy', documentId, data: request }));
    }
    expect(await client.whenClosed).toEqual({ code: 1013, reason: 'overloaded' });
  });
});
