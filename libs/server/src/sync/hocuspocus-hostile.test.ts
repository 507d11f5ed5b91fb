// What strangers send to the Hocuspocus door: a document refused with a reason, or the socket closed with a code; nothing
// logged, nobody else touched, the event loop not held up.

import { encodeUtf8 } from '@anabranch/base';
import { ByteWriter, opBytesMax, updateBytesMax } from '@anabranch/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { HocuspocusClient, hocuspocusSocket } from '../testing/hocuspocus-client.ts';
import { BusyWatch } from './testing/busy-watch.ts';
import { RawClient } from './testing/raw-client.ts';
import { TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';
import { encodeAwarenessMessage, encodeSyncStep1, encodeSyncStep2, encodeUpdate } from './yjs-messages.ts';

const about = (address: string, body: Uint8Array): Uint8Array => Uint8Array.from([...new ByteWriter().text(address).finish(), ...body]);
const authentication = new ByteWriter().uint(2).uint(0).text('token').text('4.8.0').finish();

/** A client of hand-made messages at `notes/n1` and, on the same socket, at `notes/other`. */
class Stranger {
  readonly raw: RawClient;

  constructor(region: TestRegion) {
    this.raw = new RawClient(`${region.url}/v1/sync/hocuspocus`);
  }

  async open(...addresses: readonly string[]): Promise<this> {
    for (const address of addresses) {
      await this.raw.send(about(address, authentication));
      await until(() => this.heard(address, 2).length > 0, 'admitted');
    }
    return this;
  }

  /** The bodies of the messages about a document of one type. */
  heard(address: string, type: number): readonly Uint8Array[] {
    const prefix = about(address, Uint8Array.of(type));
    const isAbout = (message: Uint8Array) => prefix.every((byte, i) => message[i] === byte);
    return this.raw.messages.filter(isAbout).map((message) => message.subarray(prefix.length));
  }

  /** Resolves when the region is heard of about a document after all that was sent. */
  async whenAnswered(address: string): Promise<void> {
    const answers = this.heard(address, 0).length;
    await this.raw.send(about(address, encodeSyncStep1(Uint8Array.of(0))));
    await until(() => this.heard(address, 0).length > answers, 'answered');
  }
}

const textOf = (body: Uint8Array | undefined): string => Buffer.from(body?.subarray(1) ?? []).toString();

let region: TestRegion;
let neighbour: HocuspocusClient;
let digest: string;

beforeAll(async () => {
  region = await TestRegion.start();
  neighbour = new HocuspocusClient(hocuspocusSocket(region), 'notes/n1');
  neighbour.text.insert(0, 'safe');
  await neighbour.whenSynced();
  digest = await region.digest('notes/n1');
});

afterAll(async () => {
  neighbour.destroy();
  neighbour.provider.configuration.websocketProvider.destroy();
  await region.stop();
});

const realUpdate = (() => {
  const doc = new Y.Doc();
  doc.getText('body').insert(0, 'hello world');
  doc.getMap('map').set('key', { nested: [1, 2, 3] });
  doc.getText('body').delete(2, 4);
  return Y.encodeStateAsUpdate(doc);
})();

const awareness = (state: string): Uint8Array =>
  encodeAwarenessMessage(new ByteWriter().uint(1).uint(5).uint(1).sizedBytes(encodeUtf8(state)).finish());

const poisons: ReadonlyArray<readonly [string, Uint8Array, string]> = [
  ['an update cut in half', encodeUpdate(realUpdate.subarray(0, realUpdate.length / 2)), 'update_invalid'],
  ['an answer cut in half', encodeSyncStep2(realUpdate.subarray(0, realUpdate.length / 2)), 'update_invalid'],
  ['an update of endless varints', encodeUpdate(new Uint8Array(64).fill(0xff)), 'update_invalid'],
  ['an update in format v2', encodeUpdate(Y.convertUpdateFormatV1ToV2(realUpdate)), 'update_invalid'],
  ['an update above the limit', encodeUpdate(new Uint8Array(updateBytesMax + 1)), 'request_too_large'],
  ['a state vector that is none', encodeSyncStep1(Uint8Array.of(200, 1, 1)), 'frame_invalid'],
  ['an unknown step', Uint8Array.of(0, 7, 0), 'frame_invalid'],
  ['no type of message', Uint8Array.of(), 'frame_invalid'],
  ['an unknown type of message', Uint8Array.of(42), 'frame_invalid'],
  ['what only servers say to each other', new ByteWriter().uint(6).text('to all').finish(), 'frame_invalid'],
  ['a sync status of its own', Uint8Array.of(8, 1), 'frame_invalid'],
  ['a ping about a document', Uint8Array.of(9), 'frame_invalid'],
  ['an answer of a region to authentication', new ByteWriter().uint(2).uint(2).text('read-write').finish(), 'frame_invalid'],
  ['a token without end', Uint8Array.of(2, 0, 200, 1, 1), 'frame_invalid'],
  ['a token above the limit', new ByteWriter().uint(2).uint(0).text('t'.repeat(70_000)).finish(), 'frame_invalid'],
  ['a message with bytes left over', Uint8Array.from([...encodeUpdate(realUpdate), 0]), 'frame_invalid'],
  ['a length of 2^60', Uint8Array.of(0, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f), 'frame_invalid'],
  ['a stateless message without end', Uint8Array.of(5, 200, 1), 'frame_invalid'],
  ['an awareness message above the limit', encodeAwarenessMessage(new Uint8Array(70_000)), 'request_too_large'],
  ['an awareness state that is no object', awareness('7'), 'frame_invalid'],
  ['an awareness state with a trap for a key', awareness('{"__proto__":{"role":"admin"}}'), 'value_invalid'],
];

const closings: ReadonlyArray<readonly [string, Uint8Array | string, { code: number; reason?: string }]> = [
  ['a text message', 'hello', { code: 4400, reason: 'frame_invalid' }],
  ['nothing', new Uint8Array(0), { code: 4400, reason: 'frame_invalid' }],
  ['an address without end', Uint8Array.of(200, 1, 65), { code: 4400, reason: 'frame_invalid' }],
  ['an address above the limit', about('n'.repeat(1_025), authentication), { code: 4400, reason: 'frame_invalid' }],
  ['an address that is no UTF-8', Uint8Array.of(2, 0xc3, 0x28, 2, 0, 0), { code: 4400, reason: 'frame_invalid' }],
  ['a message above the limit', new Uint8Array(opBytesMax + 1), { code: 1009 }],
];

async function expectUntouched(opCount: number): Promise<void> {
  expect([neighbour.closes, neighbour.provider.synced, region.opCount]).toEqual([[], true, opCount]);
  expect(await region.digest('notes/n1')).toBe(digest);
  expect(({} as { role?: string }).role).toBeUndefined();
}

describe('hostile bytes at the Hocuspocus door', () => {
  test.each(poisons)('[HOCUS5] [HOCUS6] [GUARD6] about a document: %s', async (_name, body, reason) => {
    const { opCount } = region;
    const stranger = await new Stranger(region).open('notes/n1', 'notes/other');
    const watch = new BusyWatch().start();
    await stranger.raw.send(about('notes/n1', body));
    await until(() => stranger.heard('notes/n1', 7).length > 0, 'closed');
    expect(textOf(stranger.heard('notes/n1', 7)[0])).toBe(reason);
    expect(watch.stop()).toBeLessThan(250);
    const told = stranger.heard('notes/n1', 0).length;
    await stranger.raw.send(about('notes/n1', encodeUpdate(realUpdate)));
    await stranger.whenAnswered('notes/other');
    expect([stranger.heard('notes/n1', 7).length, stranger.heard('notes/n1', 0).length]).toEqual([1, told]);
    await expectUntouched(opCount);
    stranger.raw.close();
  });

  test.each(closings)('[HOCUS5] [HOCUS6] [GUARD6] about nothing: %s', async (_name, message, expected) => {
    const { opCount } = region;
    const stranger = await new Stranger(region).open('notes/n1');
    await stranger.raw.send(message);
    expect(await stranger.raw.whenClosed).toMatchObject(expected);
    await expectUntouched(opCount);
  });

  test('[HOCUS6] [GUARD7] random and mutated messages end the stay or the socket with a reason of ours, or do nothing', async () => {
    const names = fc.constantFrom('notes/fuzzed', 'notes/fuzzed\0a', 'notes/other', 'boards/b', 'notes/..', '\0', '');
    const mutated = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom(encodeUpdate, encodeSyncStep2)).map(([at, byte, encode]) => {
      const bytes = encode(realUpdate);
      bytes[at % bytes.length] = byte;
      return bytes;
    });
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.nat(10), fc.uint8Array({ maxLength: 40 })).map(([type, rest]) => Uint8Array.of(type, ...rest)),
      mutated,
      fc.constant(authentication),
    );
    const message = fc.oneof(
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
      { weight: 8, arbitrary: fc.tuple(names, body).map(([address, bytes]) => about(address, bytes)) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 12 }), async (messages) => {
        const stranger = await new Stranger(region).open('notes/fuzzed');
        for (const bytes of messages) await stranger.raw.send(bytes);
        // Answered after all was taken, if the socket still lives.
        stranger.raw.socket.ping();
        const alive = new Promise<'alive'>((resolve) => stranger.raw.socket.once('pong', () => resolve('alive')));
        const end = await Promise.race([alive, stranger.raw.whenClosed]);
        stranger.raw.close();
        if (end !== 'alive') expect([4400, 1013]).toContain(end.code);
        for (const reason of stranger.heard('notes/fuzzed', 7)) expect(textOf(reason)).toMatch(/^[a-z_]+$/);
      }),
      { numRuns: 150 },
    );
    expect(await region.digest('notes/n1')).toBe(digest);
    expect(neighbour.closes).toEqual([]);
  });
});

describe('a client at the Hocuspocus door', () => {
  test('[HOCUS5] that answers again and again with what builds on parts that are missing loses its document', async () => {
    const doc = new Y.Doc();
    doc.getText('body').insert(0, 'first');
    const before = Y.encodeStateVector(doc);
    doc.getText('body').insert(5, ' second');
    const gap = Y.encodeStateAsUpdate(doc, before);
    const stranger = await new Stranger(region).open('notes/gap', 'notes/other');
    await stranger.raw.send(about('notes/gap', encodeUpdate(gap)));
    for (let i = 1; i <= 17; i++) {
      await until(() => stranger.heard('notes/gap', 0).length >= i, 'asked');
      await stranger.raw.send(about('notes/gap', encodeSyncStep2(gap)));
    }
    await until(() => stranger.heard('notes/gap', 7).length > 0, 'closed');
    expect(textOf(stranger.heard('notes/gap', 7)[0])).toBe('update_incomplete');
    await stranger.whenAnswered('notes/other');
    expect(await region.json('notes/gap')).toEqual({});
    stranger.raw.close();
  });

  test('[HOCUS6] is answered a ping, who is there, and a second token; what only applications understand is passed over', async () => {
    const stranger = await new Stranger(region).open('notes/n1');
    await stranger.raw.send(Uint8Array.of(9));
    await until(() => stranger.raw.messages.some((message) => message.length === 1 && message[0] === 10), 'pong');
    const before = stranger.heard('notes/n1', 1).length;
    await stranger.raw.send(about('notes/n1', Uint8Array.of(3)));
    await until(() => stranger.heard('notes/n1', 1).length > before, 'who is there');
    await stranger.raw.send(about('notes/n1', new ByteWriter().uint(5).text('{"for":"an application"}').finish()));
    await stranger.raw.send(about('notes/n1', new ByteWriter().uint(2).uint(0).text('a newer token').finish()));
    await until(() => stranger.heard('notes/n1', 2).length === 2, 'admitted again');
    await stranger.raw.send(Uint8Array.of(10));
    await stranger.whenAnswered('notes/n1');
    expect(stranger.heard('notes/n1', 7)).toEqual([]);
    stranger.raw.close();
  });

  test('[HOCUS5] is told nothing about a document that it did not open, and cannot write to it', async () => {
    const { opCount } = region;
    const stranger = await new Stranger(region).open('notes/other');
    for (const body of [encodeUpdate(realUpdate), encodeSyncStep1(Uint8Array.of(0)), Uint8Array.of(3), awareness('{"name":"eve"}')]) {
      await stranger.raw.send(about('notes/n1', body));
    }
    await stranger.whenAnswered('notes/other');
    expect([0, 1, 7].flatMap((type) => stranger.heard('notes/n1', type))).toEqual([]);
    expect(neighbour.names).not.toContain('eve');
    await expectUntouched(opCount);
    stranger.raw.close();
  });

  test('[HOCUS8] that opens many large documents and reads slowly is sent them in turns, and all', async () => {
    const limits = { sendBufferBytesMax: 128 << 10, hocuspocusUnsentBytesHigh: 64 << 10 };
    const own = await TestRegion.start({ limits });
    const names = Array.from({ length: 60 }, (_, i) => `notes/large-${i}`);
    for (const name of names) await own.edit(name, { op: 'insert', path: '/body', index: 0, text: name.padEnd(300_000, '.') });
    const stranger = await new Stranger(own).open('notes/first');
    stranger.raw.socket.pause();
    for (const name of names) {
      stranger.raw.socket.send(about(name, authentication));
      stranger.raw.socket.send(about(name, encodeSyncStep1(Uint8Array.of(0))));
    }
    await until(() => own.replica.status().sessions === names.length + 1, 'all are open');
    stranger.raw.socket.resume();
    const isWhole = (name: string) => stranger.heard(name, 0).some((body) => body.length > 300_000);
    await until(() => names.every(isWhole), 'all are sent');
    expect(stranger.raw.socket.readyState).toBe(stranger.raw.socket.OPEN);
    stranger.raw.close();
    await own.stop();
  });
});
