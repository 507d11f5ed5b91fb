// The link protocol against peers that are hostile, broken, silent or doubled.

import type { OriginId } from '@anabranch/causality';
import type { Op } from '@anabranch/protocol';
import { chainNext, chainStart, encodeOp, type OpsFrame, parseDocumentId } from '@anabranch/protocol';
import { NodeHash } from '@anabranch/system';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { ScriptedPeer } from '../simulator/scripted-peer.ts';
import { SimulatedMesh } from '../simulator/simulated-mesh.ts';

async function soloMesh(): Promise<SimulatedMesh> {
  const mesh = new SimulatedMesh({ seed: 7, regions: ['berlin'] });
  await mesh.startAll();
  return mesh;
}

function noteOp(text: string, dependencies: Op['dependencies'] = [], id = 'n1'): Op {
  const doc = new Y.Doc();
  doc.clientID = 1_000 + text.length;
  doc.getText('t').insert(0, text);
  const update = Y.encodeStateAsUpdate(doc);
  return { hlc: { ms: 1, counter: 0 }, dependencies, writes: [{ document: parseDocumentId(`notes/${id}`), library: 'yjs', update }] };
}

/** A frame with the first op of an origin's log. */
function opsOf(origin: OriginId, op: Op): OpsFrame {
  const hash = new NodeHash();
  const bytes = encodeOp(op);
  return { type: 'ops', origin, firstSeq: 1, ops: [bytes], lastChainHash: chainNext(hash, chainStart(hash, origin), bytes) };
}

test('[LINK1] a peer that proves the mesh key is linked; strangers, replays and reflections are refused', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  const good = new ScriptedPeer(berlin);
  good.shakeHands();
  expect(good.closeCode).toBeUndefined();
  expect(berlin.status().peers).toMatchObject([{ region: 'paris', linkState: 'connected' }]);

  const stranger = new ScriptedPeer(berlin, { region: 'oslo', meshKey: new Uint8Array(32).fill(8) });
  stranger.shakeHands();
  expect(stranger.closeCode).toBe('mesh_key_mismatch');

  const replaying = new ScriptedPeer(berlin, { region: 'rome' });
  replaying.sendBytes(replaying.hello());
  replaying.sendBytes(good.proof());
  expect(replaying.closeCode).toBe('mesh_key_mismatch');

  const reflecting = new ScriptedPeer(berlin, { region: 'lima' });
  reflecting.sendBytes(reflecting.hello());
  const [theirProof] = reflecting.framesOf('proof');
  if (theirProof === undefined) throw new Error('the replica sent no proof');
  reflecting.sendFrame(theirProof);
  expect(reflecting.closeCode).toBe('mesh_key_mismatch');
});

test('[LINK1] a hello that is there already when the link begins is answered after our own hello', async () => {
  const mesh = await soloMesh();
  const early = new ScriptedPeer(mesh.replica('berlin'), { region: 'lima', isEarly: true });
  expect(early.received.map(({ type }) => type)).toEqual(['hello', 'proof']);
  early.sendBytes(early.proof());
  expect(mesh.replica('berlin').status().peers).toMatchObject([{ region: 'lima', linkState: 'connected' }]);
});

test('[LINK1] before the proof nothing is said beyond hello and proof, and nothing else is read', async () => {
  const mesh = await soloMesh();
  const early = new ScriptedPeer(mesh.replica('berlin'));
  early.sendBytes(early.hello());
  expect(early.received.map((frame) => frame.type)).toEqual(['hello', 'proof']);
  early.sendFrame({ type: 'credit', bytes: 10 });
  expect(early.closeCode).toBe('frame_invalid');
});

test('[LINK2] a handshake that does not finish in time is closed', async () => {
  const mesh = await soloMesh();
  const mute = new ScriptedPeer(mesh.replica('berlin'));
  await mesh.clock.advance(6_000);
  expect(mute.closeCode).toBe('handshake_timeout');
});

test('[LINK3] a peer that falls silent is given up', async () => {
  const mesh = await soloMesh();
  const peer = new ScriptedPeer(mesh.replica('berlin'));
  peer.shakeHands();
  await mesh.clock.advance(2_500);
  expect(peer.closeCode).toBeUndefined();
  await mesh.clock.advance(1_000);
  expect(peer.closeCode).toBe('link_silent');
  expect(mesh.replica('berlin').status().peers).toMatchObject([{ linkState: 'down', lastError: expect.stringContaining('link_silent') }]);
});

test('[WIRE5] protocols that do not overlap are refused', async () => {
  const mesh = await soloMesh();
  const future = new ScriptedPeer(mesh.replica('berlin'), { protocolVersion: 9, protocolVersionFloor: 5 });
  future.sendBytes(future.hello());
  expect(future.closeCode).toBe('protocol_version_unsupported');
  const newer = new ScriptedPeer(mesh.replica('berlin'), { protocolVersion: 9, protocolVersionFloor: 1 });
  newer.shakeHands();
  expect(newer.closeCode).toBeUndefined();
});

test('[LINK7] a second region of the same name is refused, ours or a peer’s', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  const imposter = new ScriptedPeer(berlin, { region: 'berlin' });
  imposter.sendBytes(imposter.hello());
  expect(imposter.closeCode).toBe('region_duplicate');

  const first = new ScriptedPeer(berlin);
  first.shakeHands();
  const otherStore = new ScriptedPeer(berlin, { storeId: new Uint8Array(16).fill(3) });
  otherStore.shakeHands();
  expect(otherStore.closeCode).toBe('region_duplicate');
  const copiedStore = new ScriptedPeer(berlin, { instanceId: new Uint8Array(16).fill(4) });
  copiedStore.shakeHands();
  expect(copiedStore.closeCode).toBe('region_duplicate');
  expect(first.closeCode).toBeUndefined();

  await mesh.clock.advance(1_000);
  const restarted = new ScriptedPeer(berlin, { instanceId: new Uint8Array(16).fill(5) });
  restarted.shakeHands();
  expect(restarted.closeCode).toBeUndefined();
  expect(first.closeCode).toBe('link_duplicate');
});

test('[LINK8] of two links dialled against each other the one of the region first by name stays', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  const dialledByParis = new ScriptedPeer(berlin, { role: 'dialer' });
  dialledByParis.shakeHands();
  const dialledByBerlin = new ScriptedPeer(berlin, { role: 'acceptor' });
  dialledByBerlin.shakeHands();
  expect(dialledByParis.closeCode).toBe('link_duplicate');
  expect(dialledByBerlin.closeCode).toBeUndefined();
  const again = new ScriptedPeer(berlin, { role: 'dialer' });
  again.shakeHands();
  expect(again.closeCode).toBe('link_duplicate');
});

test('[LINK11] malformed frames close the link; what was received before stays', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  peer.sendFrame(peer.ops([noteOp('hello')]));
  peer.sendBytes(Uint8Array.from([77, 1, 2]));
  expect(peer.closeCode).toBe('frame_invalid');
  await mesh.clock.advance(10);
  expect(berlin.status().version.get(peer.origin)).toBe(1);
});

test('[LINK5] a peer that sends more than it was granted is closed', async () => {
  const mesh = await soloMesh();
  const peer = new ScriptedPeer(mesh.replica('berlin'));
  peer.shakeHands();
  const [credit] = peer.framesOf('credit');
  expect(credit?.bytes).toBe(8 << 20);
  const large = (): Op => noteOp('x'.repeat(1_000_000));
  // In one step of virtual time nothing becomes durable, so no credit comes back.
  for (let i = 0; i < 12 && peer.closeCode === undefined; i++) peer.sendFrame(peer.ops([large()]));
  expect(peer.closeCode).toBe('credit_exceeded');
});

test('[LINK4] a peer that grants no credit is sent no ops', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  for (let i = 0; i < 50; i++) await mesh.edit('berlin', 'carts/c1', [{ op: 'insert', path: '/note', index: 0, text: 'y'.repeat(1_000) }]);
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  const { origin } = berlin;
  const chainHash = chainStart(new NodeHash(), origin);
  peer.sendFrame({ type: 'subscribe', origin, afterSeq: 0, chainHash });
  await mesh.clock.advance(100);
  expect(peer.framesOf('ops')).toHaveLength(0);
  peer.sendFrame({ type: 'credit', bytes: 1 });
  await mesh.clock.advance(100);
  const frames = peer.framesOf('ops');
  expect(frames).toHaveLength(1);
  expect(frames[0]?.firstSeq).toBe(1);
  peer.sendFrame({ type: 'credit', bytes: 10_000_000 });
  await mesh.clock.advance(100);
  expect(peer.framesOf('ops').reduce((sum, frame) => sum + frame.ops.length, 0)).toBe(50);
});

test('[LOG2] ops that do not continue the chain quarantine their origin, and nothing of them is kept', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  peer.sendFrame(peer.ops([noteOp('first')]));
  const forged = { ...peer.ops([noteOp('second')]), lastChainHash: new Uint8Array(32) };
  peer.sendFrame(forged);
  await mesh.clock.advance(10);
  expect(berlin.status().quarantinedOrigins).toEqual([peer.origin]);
  expect(berlin.status().version.get(peer.origin)).toBe(1);
});

test('[LOG3] a peer whose log of an origin is another one is denied, and the origin quarantined', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  await mesh.edit('berlin', 'carts/c1', [{ op: 'enable', path: '/gift' }]);
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  peer.sendFrame({ type: 'subscribe', origin: berlin.origin, afterSeq: 1, chainHash: new Uint8Array(32).fill(1) });
  expect(peer.framesOf('denied')).toMatchObject([{ origin: berlin.origin, reason: 'equivocation' }]);
});

test('[LOG4] ops that come again, overlap or come out of turn have no further effect', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  const first = peer.ops([noteOp('a', [], 'a'), noteOp('b', [], 'b')]);
  const second = peer.ops([noteOp('c', [], 'c')]);
  peer.sendFrame(second);
  peer.sendFrame(first);
  peer.sendFrame(first);
  peer.sendFrame({ ...second, firstSeq: 1, ops: [...first.ops, ...second.ops] });
  peer.sendFrame(second);
  await mesh.clock.advance(10);
  expect(berlin.status().version.get(peer.origin)).toBe(3);
  expect(peer.closeCode).toBeUndefined();
});

test('[LOG1] a frame that leaves a gap is not taken; the stream is asked for again from the cursor', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  expect(peer.framesOf('subscribe')).toMatchObject([{ origin: peer.origin, afterSeq: 0 }]);
  peer.ops([noteOp('lost')]);
  peer.sendFrame(peer.ops([noteOp('later')]));
  await mesh.clock.advance(10);
  expect(berlin.status().version.get(peer.origin)).toBe(0);
  expect(peer.framesOf('subscribe')).toHaveLength(2);
});

test('[GATE1] [GATE3] an op waits for the ops it depends on, of other origins and documents too', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  const effect = new ScriptedPeer(berlin);
  effect.shakeHands();
  const cause = new ScriptedPeer(berlin, { region: 'rome', storeId: new Uint8Array(16).fill(8) });
  cause.shakeHands();
  effect.sendFrame(effect.ops([noteOp('effect', [[cause.origin, 1]], 'effect')]));
  await mesh.clock.advance(100);
  expect(berlin.status().version.get(effect.origin)).toBe(0);
  expect(await mesh.json('berlin', 'notes/effect')).toEqual({});
  expect(effect.framesOf('acknowledge').flatMap((frame) => frame.durable)).toEqual([]);
  cause.sendFrame(cause.ops([noteOp('cause', [], 'cause')]));
  await mesh.clock.advance(10);
  expect(berlin.status().version.get(effect.origin)).toBe(1);
});

test('[GATE2] what waits is bounded: beyond the limit it is dropped and asked for again', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  peer.reportHeads(100);
  const never: Op['dependencies'] = [['rome.00000000000b' as OriginId, 1]];
  for (let i = 0; i < 20; i++) {
    peer.sendFrame(peer.ops([noteOp('x'.repeat(1_000_000), i === 0 ? never : [])]));
    await mesh.clock.advance(1);
  }
  expect(peer.closeCode).toBeUndefined();
  expect(peer.framesOf('unsubscribe')).toMatchObject([{ origin: peer.origin }]);
  peer.reportHeads(100);
  await mesh.clock.advance(1_200);
  expect(peer.framesOf('subscribe').at(-1)).toMatchObject({ origin: peer.origin, afterSeq: 0 });
});

test('[LINK10] ops that wait together cross in one frame', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  const { origin } = berlin;
  peer.sendFrame({ type: 'credit', bytes: 10_000_000 });
  peer.sendFrame({ type: 'subscribe', origin, afterSeq: 0, chainHash: chainStart(new NodeHash(), origin) });
  await Promise.all(Array.from({ length: 40 }, () => mesh.edit('berlin', 'carts/c1', [{ op: 'increment', path: '/items/a/qty', by: 1 }])));
  await mesh.clock.advance(100);
  const frames = peer.framesOf('ops');
  expect(frames.reduce((sum, frame) => sum + frame.ops.length, 0)).toBe(40);
  expect(frames.length).toBeLessThan(5);
});

test('[PULL4] what was held of an origin and dropped when its region came and went is asked for again from the relay', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  const relay = new ScriptedPeer(berlin);
  relay.shakeHands();
  const tokyo = { region: 'tokyo', epoch: '00000000000b', storeId: new Uint8Array(16).fill(3) };
  const log = new ScriptedPeer(berlin, tokyo);
  log.break();
  const rome = 'rome.00000000000c' as OriginId;
  relay.reportHeads(3, log.origin);
  relay.sendFrame(log.ops([noteOp('first')]));
  await mesh.clock.advance(10);
  // The relay sends what depends on an op of rome that is a little late.
  const frame = log.ops([noteOp('effect', [[rome, 1]]), noteOp('later', [], 'n2')]);
  relay.sendFrame(frame);
  const flapping = new ScriptedPeer(berlin, tokyo);
  flapping.shakeHands();
  await mesh.clock.advance(20);
  flapping.break();
  const asked = () => relay.framesOf('subscribe').filter((subscribe) => subscribe.origin === log.origin);
  for (let i = 0; i < 15; i++) {
    relay.reportHeads(3, log.origin);
    await mesh.clock.advance(100);
  }
  expect(asked().map((subscribe) => subscribe.afterSeq)).toEqual([0, 1]);
  relay.sendFrame(opsOf(rome, noteOp('cause', [], 'cause')));
  relay.sendFrame(frame);
  await mesh.clock.advance(100);
  expect(berlin.status().version.get(log.origin)).toBe(3);
});

test('[LOG3] ops that a peer brings under the origin this region writes under are not taken', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  peer.sendFrame(opsOf(berlin.origin, noteOp('forged')));
  await mesh.clock.advance(100);
  expect(berlin.status().version.get(berlin.origin)).toBe(0);
  expect(await mesh.json('berlin', 'notes/n1')).toEqual({});
});

test('[LOG3] another op under a seq that is known quarantines the origin, also when it comes as an op', async () => {
  const mesh = await soloMesh();
  const berlin = mesh.replica('berlin');
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  peer.sendFrame(peer.ops([noteOp('one')]));
  await mesh.clock.advance(50);
  peer.sendFrame(opsOf(peer.origin, noteOp('one')));
  expect(berlin.status().quarantinedOrigins).toEqual([]);
  peer.sendFrame(opsOf(peer.origin, noteOp('another')));
  expect(berlin.status().quarantinedOrigins).toEqual([peer.origin]);
});
