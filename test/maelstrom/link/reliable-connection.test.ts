import { silentLogger, silentMetrics } from '@anabranch/base';
import { parseRegionId } from '@anabranch/causality';
import { examineUpdate } from '@anabranch/crdt';
import type { LinkConnection, LinkConnectionListener, LinkEnd } from '@anabranch/engine';
import { Replica } from '@anabranch/engine';
import { frameBytesMax } from '@anabranch/protocol';
import { openMemoryStore } from '@anabranch/storage';
import { inflateRaw, NodeHash } from '@anabranch/system';
import { dialPeers } from '@anabranch/transport';
import { expect, test } from 'vitest';
import { SeededRandom } from '../../simulator/seeded-random.ts';
import { VirtualClock } from '../../simulator/virtual-clock.ts';
import { setDocument, setField } from '../node/request.ts';
import { LossyNetwork } from '../testing/lossy-network.ts';
import { LinkHub } from './link-hub.ts';
import type { Packet } from './packet.ts';
import { ReliableConnection } from './reliable-connection.ts';
import { SendWindow } from './send-window.ts';

const baseSeed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

class Recorder implements LinkConnectionListener {
  readonly frames: Uint8Array[] = [];
  readonly closings: string[] = [];
  drains = 0;

  constructor(connection: LinkConnection) {
    connection.listen(this);
  }

  receiveFrame(frame: Uint8Array): void {
    this.frames.push(frame);
  }

  drained(): void {
    this.drains++;
  }

  closed(code: LinkEnd['code'], reason: string): void {
    this.closings.push(`${code}: ${reason}`);
  }
}

/** Frames as texts: comparing long arrays byte by byte takes seconds. */
function textsOf(frames: readonly Uint8Array[] = []): string[] {
  return frames.map((frame) => Buffer.from(frame).toString('base64'));
}

/** Two hubs on a network of this seed, and a connection that `a` dialled. */
async function linkedPair(seed: number, faults: { loss: number; repetition: number; delayMsMax: number }) {
  const random = new SeededRandom(seed);
  const clock = new VirtualClock(random.fork('clock'));
  const network = new LossyNetwork({ clock, random: random.fork('network'), ...faults });
  const accepted: ReliableConnection[] = [];
  const hub = (node: string): LinkHub => {
    const transmit = (peer: string, packet: Packet): void => network.send(node, peer, packet);
    const made = new LinkHub({ clock, random: random.fork(node), transmit, accept: (connection) => accepted.push(connection) });
    network.add(node, (from, packet) => made.receive(from, packet));
    return made;
  };
  const [a, b] = [hub('a'), hub('b')];
  let dialled: ReliableConnection | undefined;
  // Where a third of all packets is lost, a dial may fail: then the next one is another connection.
  const dial = (): Promise<void> =>
    a.dial('b', new AbortController().signal).then((connection) => {
      dialled = connection;
    }, dial);
  void dial();
  await clock.until(() => dialled !== undefined, 60_000, `linked, seed ${seed}`);
  const acceptor = accepted.find(({ id }) => id === dialled?.id);
  if (dialled === undefined || acceptor === undefined) throw new Error('no connection');
  return { random, clock, network, a, b, accepted, dialled, acceptor };
}

interface End {
  readonly connection: ReliableConnection;
  readonly recorder: Recorder;
  readonly sent: Uint8Array[];
}

/** Sends frames of a byte to some segments from both ends, at random moments. */
async function sendAtRandom(ends: readonly End[], { clock, draw }: { clock: VirtualClock; draw: SeededRandom }): Promise<void> {
  for (let round = 0; round < 20; round++) {
    for (const { connection, sent } of ends) {
      for (let count = draw.below(4); count > 0; count--) {
        const frame = draw.bytes(1 + draw.below(draw.chance(0.1) ? 5 * SendWindow.segmentBytesMax : 200));
        sent.push(frame);
        connection.send(frame);
      }
    }
    await clock.advance(draw.below(100));
  }
}

test('[MAEL3] frames of any size arrive once and in order over a network that loses, delays, reorders and repeats', {
  timeout: 60_000,
}, async () => {
  const seeds = 40;
  let givenUp = 0;
  for (let seed = baseSeed; seed < baseSeed + seeds; seed++) {
    const faults = new SeededRandom(seed).fork('faults');
    const { random, clock, dialled, acceptor } = await linkedPair(seed, {
      loss: faults.below(35) / 100,
      repetition: faults.below(30) / 100,
      delayMsMax: faults.below(120),
    });
    const draw = random.fork('frames');
    const ends: End[] = [dialled, acceptor].map((connection) => ({ connection, recorder: new Recorder(connection), sent: [] }));
    await sendAtRandom(ends, { clock, draw });
    const isDone = (): boolean => ends.every(({ connection }) => connection.bufferedBytes === 0 || connection.ending !== undefined);
    await clock.until(isDone, 60_000, `all acknowledged or given up, SEED=${seed}`);
    const [left, right] = ends;
    for (const [sent, received] of [
      [left?.sent, right?.recorder.frames],
      [right?.sent, left?.recorder.frames],
    ]) {
      const texts = textsOf(received);
      expect(texts, `SEED=${seed}`).toEqual(textsOf(sent).slice(0, texts.length));
      if (ends.every(({ connection }) => connection.ending === undefined)) expect(texts.length, `SEED=${seed}`).toBe(sent?.length);
      else givenUp++;
    }
  }
  // Where a third of all packets is lost, nothing may come through for the time after which a connection is given up.
  expect(givenUp).toBeLessThanOrEqual(seeds / 10);
});

test('[MAEL3] a connection whose packets no longer arrive ends at both ends, and says so once', async () => {
  const { clock, network, dialled, acceptor } = await linkedPair(baseSeed, { loss: 0, repetition: 0, delayMsMax: 5 });
  const recorders = [new Recorder(dialled), new Recorder(acceptor)];
  network.isCut = true;
  for (const connection of [dialled, acceptor]) connection.send(new Uint8Array(10));
  await clock.advance(ReliableConnection.silenceMsMax + 1_500);
  expect(recorders.map(({ closings }) => closings)).toEqual([
    ['lost: nothing was acknowledged for too long'],
    ['lost: nothing was acknowledged for too long'],
  ]);
  dialled.close('normal', 'again');
  expect(recorders[0]?.closings).toHaveLength(1);
});

test('[MAEL3] a close tells the peer why; a peer that missed it learns when it sends', async () => {
  const { clock, network, dialled, acceptor } = await linkedPair(baseSeed, { loss: 0, repetition: 0.5, delayMsMax: 20 });
  const recorders = [new Recorder(dialled), new Recorder(acceptor)];
  dialled.close('mesh_key_mismatch', 'no proof');
  await clock.advance(100);
  expect(recorders.map(({ closings }) => closings)).toEqual([['mesh_key_mismatch: no proof'], ['mesh_key_mismatch: no proof']]);

  const second = await linkedPair(baseSeed + 1, { loss: 0, repetition: 0, delayMsMax: 20 });
  const missed = new Recorder(second.acceptor);
  second.network.isCut = true;
  second.dialled.close('normal', 'unheard');
  await second.clock.advance(100);
  second.network.isCut = false;
  expect(missed.closings).toEqual([]);
  second.acceptor.send(new Uint8Array(10));
  await second.clock.advance(100);
  expect(missed.closings).toEqual(['normal: unheard']);
  second.b.receive('a', { kind: 'data', connection: '0'.repeat(16), segment: { seq: 0, bytes: new Uint8Array(), isLast: true }, next: 0 });
  expect(second.accepted).toHaveLength(1);
  expect(network.sent).toBeGreaterThan(0);
});

test('[MAEL3] a late open of an ended connection does not bring it back', async () => {
  const { clock, network, accepted, acceptor } = await linkedPair(baseSeed, { loss: 0, repetition: 0, delayMsMax: 5 });
  acceptor.close('normal', 'done');
  await clock.advance(50);
  network.send('a', 'b', { kind: 'open', connection: acceptor.id });
  await clock.advance(50);
  expect(accepted).toHaveLength(1);
});

test('[MAEL4] what is sent ahead, buffered and accepted is bounded', async () => {
  const { clock, network, a, b, accepted, dialled, acceptor } = await linkedPair(baseSeed, { loss: 0, repetition: 0, delayMsMax: 5 });
  const recorder = new Recorder(dialled);
  const receiver = new Recorder(acceptor);
  dialled.send(new Uint8Array(1 << 20));
  expect(network.sent).toBeLessThanOrEqual(2 + SendWindow.inFlightMax);
  await clock.until(() => receiver.frames.length === 1 && dialled.bufferedBytes === 0, 5_000, 'sent');
  expect(recorder.drains).toBe(1);

  const [dials, signal] = [[] as ReliableConnection[], new AbortController().signal];
  for (let count = 0; count < 2 * LinkHub.acceptedMax; count++) {
    void a.dial('b', signal).then(
      (connection) => dials.push(connection),
      () => {},
    );
  }
  await clock.advance(LinkHub.dialMsMax + 100);
  expect(dials).toHaveLength(LinkHub.acceptedMax - 1);
  expect(accepted).toHaveLength(LinkHub.acceptedMax);

  for (let sent = 0; sent <= ReliableConnection.bufferedBytesMax; sent += frameBytesMax) dialled.send(new Uint8Array(frameBytesMax));
  expect(dialled.ending?.code).toBe('overloaded');
  // Packets of a connection count only between its two nodes.
  const other = accepted.find(({ ending }) => ending === undefined);
  b.receive('c', { kind: 'close', connection: other?.id ?? '', code: 'normal', reason: '' });
  expect(other).toBeDefined();
  expect(other?.ending).toBeUndefined();
});

test('[MAEL4] a frame beyond the limit of links ends the connection', async () => {
  const { clock, dialled, acceptor } = await linkedPair(baseSeed, { loss: 0, repetition: 0, delayMsMax: 1 });
  const recorders = [new Recorder(dialled), new Recorder(acceptor)];
  dialled.send(new Uint8Array(frameBytesMax + 1));
  await clock.until(() => recorders.every(({ closings }) => closings.length === 1), 60_000, 'ended');
  expect(acceptor.ending?.code).toBe('frame_invalid');
  expect(dialled.ending?.code).toBe('frame_invalid');
});

test('[MAEL3] real replicas linked over such a network converge, and again after it was cut', { timeout: 60_000 }, async () => {
  const random = new SeededRandom(baseSeed);
  const clock = new VirtualClock(random.fork('clock'));
  const network = new LossyNetwork({ clock, random: random.fork('network'), loss: 0.15, repetition: 0.1, delayMsMax: 80 });
  const names = ['n0', 'n1', 'n2'];
  const replicas = await Promise.all(
    names.map(async (name, place) => {
      const ports = { clock, random: random.fork(name), hash: new NodeHash(), logger: silentLogger, metrics: silentMetrics, inflateRaw };
      const replica = await Replica.open({
        ports: { ...ports, store: await openMemoryStore(), examine: async (part) => examineUpdate(part, inflateRaw) },
        region: parseRegionId(name),
        collections: new Map([['sets', { library: 'yjs', schema: { type: 'object', fields: { [setField]: { type: 'set' } } } }]]),
        meshKey: new Uint8Array(32).fill(7),
        peers: names.filter((other) => other !== name).map(parseRegionId),
      });
      const transmit = (peer: string, packet: Packet): void => network.send(name, peer, packet);
      const hub = new LinkHub({ ...ports, transmit, accept: (connection) => replica.attachLink(connection, 'acceptor') });
      network.add(name, (from, packet) => hub.receive(from, packet));
      const peers = names.slice(place + 1).map((url) => ({ url, region: parseRegionId(url) }));
      dialPeers({ ...ports, replica, peers, dial: (peer, signal) => hub.dial(peer, signal) });
      return replica;
    }),
  );
  let added = 0;
  const addEverywhere = async (): Promise<void> => {
    for (const replica of replicas) {
      await replica.edit({ document: setDocument, plan: () => [{ op: 'add', path: `/${setField}`, value: added }] });
      added++;
    }
  };
  const haveAll = (): boolean =>
    replicas.every((replica) => {
      const { heads } = replica.status();
      return heads.reduce((sum, { seq }) => sum + seq, 0) === added;
    });
  for (let round = 0; round < 5; round++) {
    await addEverywhere();
    await clock.advance(100);
  }
  await clock.until(haveAll, 20_000, `converged, SEED=${baseSeed}`);
  network.isCut = true;
  await addEverywhere();
  await clock.advance(8_000);
  expect(haveAll()).toBe(false);
  network.isCut = false;
  await clock.until(haveAll, 20_000, `converged after the cut, SEED=${baseSeed}`);
  const digests = await Promise.all(replicas.map(async (replica) => (await replica.digest(setDocument)).digest));
  expect(new Set(digests).size).toBe(1);
});
