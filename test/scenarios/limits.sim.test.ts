// What a replica does at its limits and at its end: full caches, peers that send nonsense, parts that fail, shutdown.

import { decodeSessionToken, encodeSessionToken, type OriginId } from '@anabranch/causality';
import type { DocumentOp } from '@anabranch/crdt';
import type { Delivery, DocumentSessionListener, Replica } from '@anabranch/engine';
import { chainNext, chainStart, encodeOp, type Op, parseDocumentId } from '@anabranch/protocol';
import { NodeHash } from '@anabranch/system';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { ScriptedPeer } from '../simulator/scripted-peer.ts';
import type { SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { linkedMesh } from './linked-mesh.ts';

const add = (by: number): DocumentOp[] => [{ op: 'increment', path: '/items/sku-1/qty', by }];
const silent: DocumentSessionListener = { deliver() {}, awareness() {}, ended() {} };

/** What a peer may have written. */
function noteOp(text: string, dependencies: Op['dependencies'] = []): Op {
  const doc = new Y.Doc();
  doc.getText('t').insert(0, text);
  const update = Y.encodeStateAsUpdate(doc);
  return { hlc: { ms: 1, counter: 0 }, dependencies, writes: [{ document: parseDocumentId('notes/n1'), library: 'yjs', update }] };
}

/** Why the replica says that it must stop; undefined while it does not. */
function failureOf(replica: Replica): () => string | undefined {
  let failure: string | undefined;
  void replica.whenFailed.then((error) => {
    failure = error.message;
  });
  return () => failure;
}

const meshOf = (...regions: string[]): Promise<SimulatedMesh> => linkedMesh({ seed: 12, regions });

test('[STORE7] when sessions fill the cache, a document that is opened beyond is edited and followed like any other', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  for (let i = 0; i < 1_000; i++) berlin.openSession(parseDocumentId(`notes/n${i}`), silent);
  await Promise.all([1, 2, 3].map((by) => mesh.edit('berlin', 'carts/c1', add(by))));
  expect(await mesh.json('berlin', 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 6 } } });
  const session = berlin.openSession(parseDocumentId('carts/c2'), silent);
  await mesh.edit('berlin', 'carts/c2', add(1));
  expect(session.document.json()).toMatchObject({ items: { 'sku-1': { qty: 1 } } });
});

test('[LIFE2] ops that links bring while the replica stops are kept, and no failure is reported', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  const failure = failureOf(berlin);
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  peer.sendFrame(peer.ops([noteOp('before')]));
  const stopped = berlin.stop();
  for (let i = 0; peer.closeCode === undefined; i++) {
    peer.sendFrame(peer.ops([noteOp(`while stopping ${i}`)]));
    await Promise.resolve();
  }
  await stopped;
  expect(failure()).toBeUndefined();
});

test('[LOG7] a replica that cannot make its new epoch durable says that it must stop, and refuses who waits to write', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  await mesh.edit('tokyo', 'carts/c1', add(1));
  mesh.crash('tokyo');
  mesh.path('berlin', 'tokyo').cut('both');
  const tokyo = await mesh.start('tokyo');
  const failure = failureOf(tokyo);
  const refused = mesh.edit('tokyo', 'carts/c1', add(1)).catch((error: unknown) => error);
  mesh.failCommits('tokyo');
  await mesh.clock.advance(4_000);
  expect(failure()).toBeDefined();
  expect(await refused).toMatchObject({ code: 'store_failed' });
  expect(tokyo.status().isWritable).toBe(false);
});

test('[LOG7] what peers send to a replica whose commit has failed is not appended, and breaks nothing', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  const peer = new ScriptedPeer(berlin, { region: 'paris' });
  peer.shakeHands();
  await mesh.clock.advance(200);
  await mesh.edit('berlin', 'carts/c1', add(1));
  mesh.failCommits('berlin');
  await expect(mesh.edit('berlin', 'carts/c1', add(1))).rejects.toMatchObject({ code: 'store_failed' });
  await berlin.whenFailed;
  expect(() => peer.sendFrame(peer.ops([noteOp('a')]))).not.toThrow();
  await mesh.clock.advance(200);
  expect(berlin.status().version.get(peer.origin)).toBe(0);
});

test('[LAG3] what a peer claims of a time to come is taken as now: lag is not hidden, and no heads fail that repeat it', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  for (const completeMs of [mesh.clock.wallMs() + 3_600_000, Number.MAX_SAFE_INTEGER]) {
    const peer = new ScriptedPeer(berlin, { region: completeMs === Number.MAX_SAFE_INTEGER ? 'rome' : 'paris' });
    peer.shakeHands();
    peer.sendFrame(peer.ops([noteOp('a')]));
    await mesh.clock.advance(200);
    const report = { origin: peer.origin, seq: 1, oldestSeq: 1, logBytes: 1, completeMs };
    peer.sendFrame({ type: 'heads', sentAtMs: 1, wallMs: 1, echoMs: 0, echoHeldMs: 0, origins: [report] });
    peer.sendFrame({ type: 'heads', sentAtMs: 1, wallMs: 1, echoMs: 1, echoHeldMs: 0, origins: [report] });
    await mesh.clock.advance(2_000);
    expect(berlin.status().lag.find(({ origin }) => origin === peer.origin)?.ms).toBe(2_000);
  }
});

test('[SYNC4] awareness is heard after a restart, however much of it there was before', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  await mesh.edit('berlin', 'carts/c1', add(1));
  await mesh.untilConverged();
  const { origin } = mesh.replica('berlin');
  let heard = 0;
  mesh.replica('tokyo').openSession(parseDocumentId('carts/c1'), { ...silent, awareness: () => void heard++ });
  const before = mesh.replica('berlin').openSession(parseDocumentId('carts/c1'), silent);
  for (let i = 0; i < 3_000; i++) before.relayAwareness(Uint8Array.of(1));
  await mesh.clock.advance(200);
  const heardBefore = heard;
  mesh.crash('berlin');
  await mesh.start('berlin');
  await mesh.clock.advance(1_000);
  expect(mesh.replica('berlin').origin).toBe(origin);
  mesh.replica('berlin').openSession(parseDocumentId('carts/c1'), silent).relayAwareness(Uint8Array.of(1));
  await mesh.clock.advance(200);
  expect(heard).toBe(heardBefore + 1);
});

test('[GUARD6] an update from a peer that cannot be merged reaches no session: its document is set aside, others go on', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  const delivered: Uint8Array[] = [];
  const ends: string[] = [];
  const listener = {
    ...silent,
    deliver: ({ update }: Delivery) => void delivered.push(update),
    ended: (code: string) => void ends.push(code),
  };
  berlin.openSession(parseDocumentId('notes/n1'), listener);
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  const [write] = noteOp('good').writes;
  if (write === undefined) throw new Error('no write');
  const opOf = (change: Partial<typeof write>): Op => ({ ...noteOp(''), writes: [{ ...write, ...change }] });
  peer.sendFrame(peer.ops([opOf({}), opOf({ document: parseDocumentId('notes/n2') })]));
  await mesh.clock.advance(10);
  expect([delivered.length, ends]).toEqual([1, []]);
  peer.sendFrame(peer.ops([opOf({ update: Uint8Array.of(1, 1, 5, 0, 1, 255) })]));
  await mesh.clock.advance(10);
  expect([delivered.length, ends]).toEqual([1, ['document_quarantined']]);
  // Regions that keep a collection with different libraries: loaded or not, the document is refused, not shown by halves.
  berlin.openSession(parseDocumentId('notes/n3'), listener);
  const elsewhere = ['notes/n3', 'notes/n4'].map((id) => opOf({ document: parseDocumentId(id), library: 'automerge' }));
  peer.sendFrame(peer.ops(elsewhere));
  await mesh.clock.advance(10);
  expect([delivered.length, ends.length]).toEqual([1, 2]);
  for (const id of ['notes/n3', 'notes/n4']) await expect(mesh.json('berlin', id)).rejects.toMatchObject({ code: 'document_quarantined' });
  expect(await mesh.json('berlin', 'notes/n2')).toEqual({ t: 'good' });
});

test('[LIFE2] reads that a region has begun when it stops, and later ones, are told to come again', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  const [berlin, tokyo] = [mesh.replica('berlin'), mesh.replica('tokyo')];
  mesh.path('berlin', 'tokyo').cut('both');
  await tokyo.edit({ document: parseDocumentId('carts/c1'), plan: () => add(1) });
  await mesh.clock.advance(100);
  const codes: string[] = [];
  const ask = (minVersion?: typeof tokyo.version): void => {
    const reading = berlin.read(parseDocumentId('carts/c2'), minVersion === undefined ? {} : { minVersion, waitMsMax: 5_000 });
    void reading.then(
      () => codes.push('shown'),
      (error) => codes.push(error.code),
    );
  };
  ask(tokyo.version);
  await mesh.clock.advance(100);
  let hasStopped = false;
  void berlin.stop().then(() => {
    hasStopped = true;
  });
  await mesh.clock.advance(10);
  expect(codes).toEqual(['not_ready']);
  await mesh.clock.until(() => hasStopped, 5_000, 'the region stops');
  ask();
  ask(tokyo.version);
  await mesh.clock.advance(10);
  expect(codes).toEqual(['not_ready', 'not_ready', 'not_ready']);
});

test('[GATE2] what waits is bounded over all origins together', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  const large = noteOp('x'.repeat(1_000_000), [['rome.00000000000b' as OriginId, 1]]);
  const dropped: string[] = [];
  for (let i = 0; i < 6; i++) {
    const peer = new ScriptedPeer(berlin, { region: `p${i}` });
    peer.shakeHands();
    for (let count = 0; count < 15; count++) {
      peer.sendFrame(peer.ops([large]));
      await mesh.clock.advance(1);
    }
    if (peer.framesOf('unsubscribe').length > 0) dropped.push(peer.origin);
  }
  expect(dropped).toEqual(['p4.00000000000a', 'p5.00000000000a']);
});

test('[GATE2] what waits is counted with the memory it takes: many small ops are bounded like a few large ones', async () => {
  const mesh = await meshOf('berlin');
  const peer = new ScriptedPeer(mesh.replica('berlin'));
  peer.shakeHands();
  const small = noteOp('x');
  const waiting = noteOp('x', [['rome.00000000000b' as OriginId, 1]]);
  let bytes = 0;
  for (let frames = 0; frames < 8; frames++) {
    const frame = peer.ops(Array.from({ length: 4_096 }, (_, i) => (i === 0 ? waiting : small)));
    for (const op of frame.ops) bytes += op.length;
    peer.sendFrame(frame);
  }
  expect(bytes).toBeLessThan(4 << 20);
  expect(peer.framesOf('unsubscribe').map((frame) => frame.origin)).toEqual([peer.origin]);
});

test('[GATE2] an origin that waits for what does not come is asked for ever more rarely', async () => {
  const mesh = await meshOf('berlin');
  const peer = new ScriptedPeer(mesh.replica('berlin'));
  peer.shakeHands();
  const rome = 'rome.00000000000b' as OriginId;
  const [small, waiting] = [noteOp('x'), noteOp('x', [[rome, 1]])];
  const frames = Array.from({ length: 8 }, () => peer.ops(Array.from({ length: 4_096 }, (_, i) => (i === 0 ? waiting : small))));
  let served = 0;
  for (let ms = 0; ms < 30_000; ms += 500) {
    peer.reportHeads(8 * 4_096);
    await mesh.clock.advance(500);
    if (peer.framesOf('subscribe').length === served) continue;
    served += 1;
    for (const frame of frames) peer.sendFrame(frame);
  }
  // After pauses of 1, 2, 4, 8, 8 seconds.
  expect(served).toBeGreaterThanOrEqual(5);
  expect(served).toBeLessThanOrEqual(7);
}, 60_000);

test('[WIRE4] however many origins peers bring, the vector with our own can be sent to every peer', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  const hash = new NodeHash();
  const op = encodeOp(noteOp('a'));
  for (let i = 0; i < 1_100; i++) {
    const origin = `osaka.${i.toString(16).padStart(12, '0')}` as OriginId;
    peer.sendFrame({ type: 'ops', origin, firstSeq: 1, ops: [op], lastChainHash: chainNext(hash, chainStart(hash, origin), op) });
    if (i % 100 === 0) await mesh.clock.advance(1);
  }
  const { version } = await mesh.edit('berlin', 'carts/c1', add(1));
  expect(decodeSessionToken(encodeSessionToken(version)).equals(version)).toBe(true);
  // The scripted peer decodes what it is sent, heads and acks with every origin among it.
  await mesh.clock.advance(500);
  expect(peer.closeCode).toBeUndefined();
});

test('[LINK11] a peer that names ever more origins is closed or not heard, and grows nothing here', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  const origins = Array.from({ length: 1_025 }, (_, i) => `osaka.${i.toString(16).padStart(12, '0')}` as OriginId);
  const linked = (region: string): ScriptedPeer => {
    const peer = new ScriptedPeer(berlin, { region });
    peer.shakeHands();
    return peer;
  };
  const reporting = linked('paris');
  for (const some of [origins.slice(0, 1_000), origins.slice(1_000)]) {
    const reports = some.map((origin) => ({ origin, seq: 1, oldestSeq: 1, logBytes: 1, completeMs: 0 }));
    reporting.sendFrame({ type: 'heads', sentAtMs: 1, wallMs: 1, echoMs: 0, echoHeldMs: 0, origins: reports });
  }
  expect(berlin.status().lag).toHaveLength(1_024);
  const subscribing = linked('rome');
  for (const origin of origins) subscribing.sendFrame({ type: 'subscribe', origin, afterSeq: 1, chainHash: new Uint8Array(32) });
  expect(subscribing.closeCode).toBe('frame_invalid');
  const acknowledging = linked('oslo');
  for (const origin of origins) acknowledging.sendFrame({ type: 'acknowledge', durable: [[origin, 1]] });
  expect(acknowledging.closeCode).toBe('frame_invalid');
});

test('[LINK4] while a link is closing nothing is read from the log for it', async () => {
  class LingeringPeer extends ScriptedPeer {
    override close(code: string): void {
      this.closeCode ??= code;
    }
  }
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  await mesh.edit('berlin', 'carts/c1', add(1));
  const peer = new LingeringPeer(berlin);
  peer.shakeHands();
  peer.bufferedBytes = 1 << 20;
  peer.sendFrame({ type: 'credit', bytes: 8 << 20 });
  peer.sendFrame({ type: 'subscribe', origin: berlin.origin, afterSeq: 0, chainHash: chainStart(new NodeHash(), berlin.origin) });
  peer.sendBytes(Uint8Array.of(77));
  // A socket that is closing says that nothing is waiting.
  peer.bufferedBytes = 0;
  await mesh.edit('berlin', 'carts/c1', add(1));
  await mesh.clock.advance(100);
  expect(peer.framesOf('ops')).toHaveLength(0);
});

test('[LOG7] what peers send after a commit has failed is not taken, and their links end', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  const berlin = mesh.replica('berlin');
  await mesh.edit('tokyo', 'carts/c1', add(1));
  await mesh.untilConverged();
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  await mesh.json('berlin', 'carts/c1');
  mesh.failCommits('berlin');
  await expect(mesh.edit('berlin', 'carts/c1', add(1))).rejects.toThrow();
  await mesh.edit('tokyo', 'carts/c1', add(1));
  peer.sendFrame(peer.ops([noteOp('late')]));
  await mesh.clock.advance(1_000);
  expect(peer.closeCode).toBeDefined();
  expect(berlin.status().peers).toMatchObject([{ linkState: 'down' }, { linkState: 'down' }]);
});

test('[LOG7] a snapshot or a note on a peer that cannot be stored ends the replica as an op would', async () => {
  const folding = await meshOf('berlin');
  const folded = failureOf(folding.replica('berlin'));
  for (let i = 0; i < 255; i++) await folding.edit('berlin', 'carts/c1', add(1));
  // The op that makes the tail long is durable when it is delivered; the snapshot is not.
  const failing = { ...silent, deliver: () => folding.failCommits('berlin') };
  folding.replica('berlin').openSession(parseDocumentId('carts/c1'), failing);
  await folding.edit('berlin', 'carts/c1', add(1));
  await folding.clock.advance(10);
  expect(folded()).toBeDefined();

  const meeting = await meshOf('berlin');
  const met = failureOf(meeting.replica('berlin'));
  meeting.failCommits('berlin');
  new ScriptedPeer(meeting.replica('berlin')).shakeHands();
  await meeting.clock.advance(10);
  expect(met()).toBeDefined();
});

test('[LOG7] a door that throws at what it is told ends the replica under the code of a bug, and the writer has its answer', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  const failure = failureOf(berlin);
  const faulty = (): never => {
    throw new Error('a fault in a door');
  };
  berlin.openSession(parseDocumentId('carts/c1'), { ...silent, deliver: faulty });
  expect((await mesh.edit('berlin', 'carts/c1', add(1))).opId?.seq).toBe(1);
  await mesh.clock.advance(1);
  expect(failure()).toContain('a fault in a door');
  await expect(mesh.edit('berlin', 'carts/c1', add(1))).rejects.toMatchObject({ code: 'internal_error' });
});
