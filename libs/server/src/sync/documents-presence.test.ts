// Presence of embedded clients at a real replica, as bytes see it, in the company of real Yjs providers.

import { ByteWriter, parseDocumentId } from '@anabranch/protocol';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { HocuspocusClient, hocuspocusSocket } from '../testing/hocuspocus-client.ts';
import { FrameClient } from './testing/frame-client.ts';
import { startRegion } from './testing/start-region.ts';
import { linkRegions, type TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';

/** A device at one document: its session, and its awareness as y-protocols keeps it. */
class Device {
  readonly client: FrameClient;
  readonly document: string;
  readonly #awareness = new Awareness(new Y.Doc());
  #taken = 0;

  static async open(region: TestRegion, document = 'notes/n1'): Promise<Device> {
    const device = new Device(await FrameClient.open(region), document);
    onTestFinished(() => {
      device.client.close();
      device.#awareness.destroy();
    });
    return device;
  }

  constructor(client: FrameClient, document: string) {
    this.client = client;
    this.document = document;
  }

  get names(): unknown[] {
    const heard = this.client.of('presence').filter(({ document }) => document === this.document);
    for (const { update } of heard.slice(this.#taken)) applyAwarenessUpdate(this.#awareness, update, 'region');
    this.#taken = heard.length;
    return [...this.#awareness.getStates().values()].flatMap(({ name }) => (name === undefined ? [] : [name]));
  }

  show(state: Record<string, unknown> | null): Promise<void> {
    this.#awareness.setLocalState(state);
    return this.send(encodeAwarenessUpdate(this.#awareness, [this.#awareness.clientID]));
  }

  watch(): Promise<void> {
    return this.send(new Uint8Array());
  }

  send(update: Uint8Array, document: string = this.document): Promise<void> {
    return this.client.send({ type: 'presence', document: parseDocumentId(document), update });
  }

  seesOnly(...names: string[]): Promise<void> {
    return until(() => [...this.names].sort().join() === names.join(), `${names.join()} are there, and nobody else`);
  }
}

function provider(region: TestRegion, name: string): WebsocketProvider {
  const opened = new WebsocketProvider(`${region.url}/v1/sync/yjs`, 'notes/n1', new Y.Doc(), {
    WebSocketPolyfill: WebSocket as never,
    disableBc: true,
  });
  opened.awareness.setLocalState({ name });
  onTestFinished(() => {
    opened.destroy();
    opened.awareness.destroy();
  });
  return opened;
}

const namesAt = ({ awareness }: WebsocketProvider): string =>
  [...awareness.getStates().values()]
    .map(({ name }) => name)
    .sort()
    .join();

const state = (text: string, clock = 1): Uint8Array => new ByteWriter().uint(1).uint(7).uint(clock).text(text).finish();

const filler = 'x'.repeat(8_000);

describe('presence of embedded clients', () => {
  test('[PRESENCE1] is shown to clients of every protocol in all regions, and theirs to it, and is not logged', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
    linkRegions(berlin, tokyo);
    const [ada, bob] = [await Device.open(berlin), await Device.open(tokyo)];
    await ada.show({ name: 'ada' });
    const cho = provider(tokyo, 'cho');
    const socket = hocuspocusSocket(berlin);
    const dan = new HocuspocusClient(socket, 'notes/n1');
    onTestFinished(() => {
      dan.destroy();
      socket.destroy();
    });
    dan.provider.awareness?.setLocalState({ name: 'dan' });
    await bob.show({ name: 'bob' });
    await Promise.all([ada, bob].map((device) => device.seesOnly('ada', 'bob', 'cho', 'dan')));
    await until(() => namesAt(cho) === 'ada,bob,cho,dan', 'the y-websocket client sees all');
    await until(() => dan.names.sort().join() === 'ada,bob,cho,dan', 'the provider sees all');
    await ada.show({ name: 'ada the second' });
    await bob.seesOnly('ada the second', 'bob', 'cho', 'dan');
    expect([berlin.opCount, tokyo.opCount]).toEqual([0, 0]);
  });

  test('[PRESENCE1] a client that only asks is told who is there, here and elsewhere, and shows nobody', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
    linkRegions(berlin, tokyo);
    const [ada, bob] = [await Device.open(berlin), await Device.open(tokyo)];
    await ada.show({ name: 'ada' });
    await until(() => berlin.replica.status().sessions === 2, 'ada is there');
    await bob.watch();
    await bob.seesOnly('ada');
    const late = await Device.open(tokyo);
    await late.watch();
    await late.seesOnly('ada');
    expect(ada.client.of('presence')).toEqual([]);
  });

  test('[PRESENCE2] ends with the session, when it is taken back, and when the document is unfollowed', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
    linkRegions(berlin, tokyo);
    const [ada, bob, cho, watcher] = [
      await Device.open(berlin),
      await Device.open(berlin),
      await Device.open(berlin),
      await Device.open(tokyo),
    ];
    const there = provider(tokyo, 'dan');
    await watcher.watch();
    await ada.show({ name: 'ada' });
    await bob.show({ name: 'bob' });
    await cho.show({ name: 'cho' });
    await watcher.seesOnly('ada', 'bob', 'cho', 'dan');
    ada.client.close();
    await watcher.seesOnly('bob', 'cho', 'dan');
    await bob.show(null);
    await watcher.seesOnly('cho', 'dan');
    await cho.client.send({ type: 'unfollow', serial: 1, documents: [parseDocumentId('notes/n1')] });
    await watcher.seesOnly('dan');
    await until(() => namesAt(there) === 'dan', 'everybody has left for the provider, too');
    await until(() => berlin.replica.status().sessions === 3, 'one document session is left there, of bob');
  });

  test('[PRESENCE3] is unavailable at documents of Automerge collections and unknown ones, and the session goes on', async () => {
    const region = await startRegion();
    const device = await Device.open(region);
    await device.send(state('{"name":"ada"}'), 'boards/b1');
    await device.send(new Uint8Array(), 'carts-automerge/c1');
    await device.send(new Uint8Array(), 'nothing-here/n1');
    await device.client.until('unavailable', 3);
    expect(device.client.of('unavailable').map(({ document, code }) => [document, code])).toEqual([
      ['boards/b1', 'presence_unsupported'],
      ['carts-automerge/c1', 'presence_unsupported'],
      ['nothing-here/n1', 'collection_not_found'],
    ]);
    const other = await Device.open(region);
    await other.show({ name: 'bob' });
    await device.watch();
    await device.seesOnly('bob');
    await device.client.follow(['carts-automerge/c1']);
    await device.client.until('state');
  });

  test('[PRESENCE4] is taken at so many documents, and at a further one when another is given up', async () => {
    const region = await startRegion('berlin', { presenceDocumentsMax: 3 });
    const device = await Device.open(region, 'notes/n4');
    for (let n = 1; n <= 4; n++) await device.send(new Uint8Array(), `notes/n${n}`);
    await device.client.until('unavailable');
    expect(device.client.of('unavailable')).toMatchObject([{ document: 'notes/n4', code: 'overloaded' }]);
    const other = await Device.open(region, 'notes/n4');
    await other.show({ name: 'bob' });
    await device.send(new Uint8Array(), 'notes/n1');
    await device.client.send({ type: 'unfollow', serial: 1, documents: [parseDocumentId('notes/n1')] });
    await device.watch();
    await device.seesOnly('bob');
    // What says that nobody is there takes no place.
    for (let n = 5; n <= 9; n++) await device.send(state('null'), `notes/n${n}`);
    await device.send(new Uint8Array(), 'notes/n10');
    await device.client.until('unavailable', 2);
    expect(device.client.of('unavailable')[1]).toMatchObject({ document: 'notes/n10' });
  });

  test.each([
    ['no awareness update', Uint8Array.of(9, 9), 'frame_invalid'],
    ['of 2^30 clients', new ByteWriter().uint(2 ** 30).finish(), 'frame_invalid'],
    ['a clock that silences for ever', state('{}', 2 ** 50), 'frame_invalid'],
    ['a state that is no JSON', state('{"a":'), 'request_malformed'],
    ['a state that is no object', state('7'), 'frame_invalid'],
    ['a trap for a key', state('{"__proto__":{"role":"admin"}}'), 'value_invalid'],
    ['a state above the limit', state(`{"a":"${'x'.repeat(9_000)}"}`), 'request_too_large'],
  ])('[PRESENCE5] that is %s ends the session with a code, and is shown to nobody', async (_, update, code) => {
    const region = await startRegion();
    const [hostile, watcher, bob] = [await Device.open(region), await Device.open(region), await Device.open(region)];
    await watcher.watch();
    await hostile.show({ name: 'mallory' });
    await watcher.seesOnly('mallory');
    await hostile.send(update);
    expect((await hostile.client.raw.whenClosed).reason).toBe(code);
    await bob.show({ name: 'bob' });
    await watcher.seesOnly('bob');
  });

  test('[PRESENCE5] random presence ends its session with a code, or does nothing', async () => {
    const region = await startRegion();
    const watcher = await Device.open(region);
    await watcher.watch();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 4 }), async (updates) => {
        const hostile = await Device.open(region);
        for (const update of updates) await hostile.send(update);
        hostile.client.raw.socket.close();
        const { code } = await hostile.client.raw.whenClosed;
        expect([1005, 1009, 4400, 4422]).toContain(code);
      }),
      { numRuns: 40 },
    );
    const bob = await Device.open(region);
    await bob.show({ name: 'bob' });
    await watcher.seesOnly('bob');
  });

  test('[PRESENCE6] of a client that shows more than its share per second is read later, and all of it', async () => {
    const region = await startRegion('berlin', { awarenessBytesPerSecondMax: 100_000, sweepMs: 20 });
    const [loud, watcher] = [await Device.open(region), await Device.open(region)];
    await watcher.watch();
    const startMs = performance.now();
    for (let n = 1; n <= 60; n++) await loud.show({ name: `ada ${n}`, filler });
    await watcher.seesOnly('ada 60');
    expect(performance.now() - startMs).toBeGreaterThan(1_500);
    expect(watcher.client.of('presence').length).toBe(60);
    expect(region.doors.sessionCount).toBe(2);
  });

  test('[PRESENCE7] is missed by a client that does not read, whose session goes on', async () => {
    const region = await startRegion('berlin', { documentsUnsentBytesHigh: 64 << 10, awarenessBytesPerSecondMax: 64 << 20 });
    const [loud, slow, quick] = [await Device.open(region), await Device.open(region), await Device.open(region)];
    await slow.watch();
    await quick.watch();
    await loud.show({ name: 'ada' });
    await slow.seesOnly('ada');
    slow.client.raw.socket.pause();
    // More than the buffers of a socket hold.
    for (let n = 1; n <= 2_000; n++) {
      await loud.show({ name: `ada ${n}`, filler });
      if (n % 4 === 0) await quick.seesOnly(`ada ${n}`);
    }
    slow.client.raw.socket.resume();
    await until(async () => {
      await loud.show({ name: 'ada again' });
      return slow.names.includes('ada again');
    }, 'it is told of what is renewed');
    expect(slow.client.of('presence').filter(({ update }) => update.length > filler.length).length).toBeLessThan(2_000);
    expect(quick.client.of('presence').filter(({ update }) => update.length > filler.length).length).toBe(2_000);
  });
});
