// One key, one effect, wherever and whenever a request is repeated; and what it means when two regions could not know.

import { AnabranchError, isAnabranchError, silentLogger } from '@anabranch/base';
import type { DocumentOp } from '@anabranch/crdt';
import type { EditResult, LoggedOp } from '@anabranch/engine';
import { parseDocumentId } from '@anabranch/protocol';
import { KvReplicaStore, MemoryKv } from '@anabranch/storage';
import { expect, test, vi } from 'vitest';
import { ScriptedPeer } from '../simulator/scripted-peer.ts';
import { SeededRandom } from '../simulator/seeded-random.ts';
import { SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { linkedMesh } from './linked-mesh.ts';
import { outcomeOf, sell, settled, stock, meshOf as tradingMesh } from './trade.ts';

const cart = parseDocumentId('carts/c1');
const three = ['berlin', 'new-york', 'tokyo'];

const meshOf = (...regions: string[]): Promise<SimulatedMesh> => linkedMesh({ seed: 31, regions });

/** A request as a client sends it again and again: what it means is told by `body`. */
function send(mesh: SimulatedMesh, at: string, key: string, body = 1): Promise<EditResult> {
  const idempotency = { key, requestDigest: new Uint8Array(16).fill(body) };
  return mesh.replica(at).edit({ document: cart, plan: () => [{ op: 'increment', path: '/items/tea/qty', by: body }], idempotency });
}

async function answerOf(mesh: SimulatedMesh, at: string, key: string, body = 1): Promise<string> {
  try {
    const { opId, isReplay } = await send(mesh, at, key, body);
    return `${opId?.origin}:${opId?.seq}${isReplay ? ' again' : ''}`;
  } catch (error) {
    return isAnabranchError(error) ? error.code : String(error);
  }
}

async function quantities(mesh: SimulatedMesh): Promise<Set<number | undefined>> {
  const views = await Promise.all(mesh.regions.map((region) => mesh.json(region, cart)));
  return new Set(views.map((view) => (view as { items: { tea?: { qty: number } } }).items.tea?.qty));
}

test('[IDEM1] with crashes between, in any region: one effect, the same op, and the present view', async () => {
  const mesh = await meshOf(...three);
  const { opId } = await send(mesh, 'berlin', 'order-1', 2);
  const first = `${opId?.origin}:${opId?.seq}`;
  mesh.crash('berlin');
  await mesh.start('berlin');
  await mesh.clock.advance(4_000);
  expect(await answerOf(mesh, 'berlin', 'order-1', 2)).toBe(`${first} again`);
  await mesh.edit('tokyo', cart, [{ op: 'increment', path: '/items/tea/qty', by: 10 }]);
  await mesh.untilConverged();
  for (const region of three) {
    mesh.crash(region);
    await mesh.start(region);
    await mesh.clock.advance(4_000);
    const again = await send(mesh, region, 'order-1', 2);
    expect(again).toMatchObject({ isReplay: true, opId, json: { items: { tea: { qty: 12 } } } });
    expect(again.version.get(opId?.origin ?? mesh.replica(region).origin)).toBeGreaterThanOrEqual(opId?.seq ?? 0);
    expect(await answerOf(mesh, region, 'order-1', 3)).toBe('idempotency_key_reused');
  }
  expect(await quantities(mesh)).toEqual(new Set([12]));
});

test.each([
  ['berlin', 'tokyo'],
  ['tokyo', 'berlin'],
])('[IDEM2] %s and then %s take one key in a partition: both count, and then every region knows one of the two', async (a, b) => {
  const mesh = await meshOf(...three);
  for (const other of three) if (other !== 'tokyo') mesh.path(other, 'tokyo').cut('both');
  const first = await answerOf(mesh, a, 'order-1');
  await mesh.clock.advance(500);
  const second = await answerOf(mesh, b, 'order-1');
  expect([first, second].map((answer) => answer.split('.')[0])).toEqual([a, b]);
  for (const other of three) if (other !== 'tokyo') mesh.path(other, 'tokyo').heal();
  await mesh.untilConverged(20_000);
  expect(await quantities(mesh)).toEqual(new Set([2]));
  const [stands] = [first, second].sort();
  for (let round = 0; round < 2; round++) {
    for (const region of three) {
      expect(await answerOf(mesh, region, 'order-1'), region).toBe(`${stands} again`);
      if (round === 0) mesh.crash(region);
      if (round === 0) await mesh.start(region);
      await mesh.clock.advance(4_000);
    }
  }
  await mesh.untilConverged();
  expect(await quantities(mesh)).toEqual(new Set([2]));
});

test('[IDEM2] with different bodies the one that stands is repeated everywhere, and the other is refused everywhere', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  mesh.path('berlin', 'tokyo').cut('both');
  const inBerlin = await answerOf(mesh, 'berlin', 'order-1', 1);
  await answerOf(mesh, 'tokyo', 'order-1', 5);
  mesh.path('berlin', 'tokyo').heal();
  await mesh.untilConverged(20_000);
  for (const region of ['berlin', 'tokyo']) {
    expect(await answerOf(mesh, region, 'order-1', 1)).toBe(`${inBerlin} again`);
    expect(await answerOf(mesh, region, 'order-1', 5)).toBe('idempotency_key_reused');
  }
  expect(await quantities(mesh)).toEqual(new Set([6]));
});

test('[IDEM3] a repetition waits for what still runs under its key: a refusal says that nothing was done, and nothing will be', async () => {
  const mesh = await tradingMesh();
  for (const other of ['berlin', 'new-york']) mesh.path(other, 'tokyo').cut('both');
  const stocked = await mesh.edit('berlin', 'depots/d', stock(5));
  const [idempotency, document] = [{ key: 'order-1', requestDigest: new Uint8Array(16) }, parseDocumentId('depots/d')];
  const order = { document, plan: () => sell(2), idempotency };
  // The first one waits for what its session has seen; the repetition has no token, and finds nothing to sell.
  const first = mesh.replica('tokyo').edit({ ...order, minVersion: stocked.version });
  const repetition = mesh.replica('tokyo').edit(order);
  await mesh.clock.advance(500);
  for (const other of ['berlin', 'new-york']) mesh.path(other, 'tokyo').heal();
  const [done, again] = await settled(mesh, Promise.all([first, outcomeOf(repetition)]));
  expect(again.code).toBe('ok');
  await expect(repetition).resolves.toMatchObject({ isReplay: true, opId: done.opId, json: { stock: 3 } });
});

test('[IDEM3] a repetition of what was refused is tried on its own, and waits for rights no longer than from its arrival', async () => {
  const mesh = await tradingMesh();
  await mesh.edit('berlin', 'depots/d', stock(5));
  await mesh.untilConverged();
  const idempotency = { key: 'order-1', requestDigest: new Uint8Array(16) };
  const ask = () => mesh.replica('tokyo').edit({ document: parseDocumentId('depots/d'), plan: () => sell(2), idempotency });
  for (const other of ['berlin', 'new-york']) mesh.path(other, 'tokyo').cut('both');
  const beforeMs = mesh.clock.monotonicMs();
  const refusals = await settled(mesh, Promise.all([ask(), ask(), ask()].map(outcomeOf)));
  expect(refusals.map(({ code }) => code)).toEqual(['insufficient_rights', 'insufficient_rights', 'insufficient_rights']);
  expect(mesh.clock.monotonicMs() - beforeMs).toBeLessThan(2_200);
  for (const other of ['berlin', 'new-york']) mesh.path(other, 'tokyo').heal();
  await mesh.clock.advance(2_000);
  await expect(settled(mesh, ask())).resolves.toMatchObject({ isReplay: false, json: { stock: 3 } });
  await expect(settled(mesh, ask())).resolves.toMatchObject({ isReplay: true, json: { stock: 3 } });
});

test('[IDEM3] nor is a repetition refused for what it has seen before the first one is answered, or after that was done', async () => {
  const mesh = await meshOf(...three);
  for (const other of three) if (other !== 'tokyo') mesh.path(other, 'tokyo').cut('both');
  const { version } = await mesh.edit('berlin', 'carts/c2', [{ op: 'enable', path: '/gift' }]);
  mesh.crash('tokyo');
  await mesh.start('tokyo');
  const idempotency = { key: 'order-1', requestDigest: new Uint8Array(16) };
  const order = { document: cart, plan: (): DocumentOp[] => [{ op: 'increment', path: '/items/tea/qty', by: 1 }], idempotency };
  const answers: string[] = [];
  // The first one waits for its region to be sure of its epoch, which takes longer than the repetition waits for its token.
  const first = mesh.replica('tokyo').edit(order);
  const repetition = outcomeOf(mesh.replica('tokyo').edit({ ...order, minVersion: version, waitMsMax: 1_000 }));
  const answered = [first.then(() => answers.push('first')), repetition.then(() => answers.push('repetition'))];
  await settled(mesh, Promise.all(answered));
  expect(answers).toEqual(['first', 'repetition']);
  const { opId } = await first;
  const done = { opId: `${opId?.origin}:${opId?.seq}`, reason: 'not_yet_visible' };
  expect(await repetition).toMatchObject({ code: 'view_unavailable', details: done });
  const other = { ...order, idempotency: { ...idempotency, key: 'order-2' }, minVersion: version };
  expect((await settled(mesh, outcomeOf(mesh.replica('tokyo').edit(other)))).code).toBe('not_yet_visible');
});

test('[IDEM3] a repetition of what was done says so, also when the document can be shown no more', async () => {
  const mesh = await meshOf('berlin');
  const { opId } = await send(mesh, 'berlin', 'order-1');
  const peer = new ScriptedPeer(mesh.replica('berlin'));
  peer.shakeHands();
  const write = { document: cart, library: 'yjs', update: Uint8Array.of(1, 1, 5, 0, 1, 255) } as const;
  peer.sendFrame(peer.ops([{ hlc: { ms: 1, counter: 0 }, dependencies: [], writes: [write] }]));
  await mesh.clock.advance(10);
  const done = { opId: `${opId?.origin}:${opId?.seq}`, reason: 'document_quarantined' };
  await expect(send(mesh, 'berlin', 'order-1')).rejects.toMatchObject({ code: 'view_unavailable', details: done });
  await expect(send(mesh, 'berlin', 'order-2')).rejects.toMatchObject({ code: 'document_quarantined' });
});

test('[LOG5] nobody is told of a key that was used by an op which is not durable', async () => {
  const mesh = await meshOf('berlin');
  const peer = new ScriptedPeer(mesh.replica('berlin'));
  peer.shakeHands();
  const failing = vi.spyOn(MemoryKv.prototype, 'commit').mockRejectedValue(new AnabranchError('store_failed', 'the disk is gone'));
  const idempotency = { key: 'order-1', requestDigest: new Uint8Array(16).fill(1) };
  peer.sendFrame(peer.ops([{ hlc: { ms: 1, counter: 0 }, dependencies: [], writes: [], idempotency }]));
  expect(await answerOf(mesh, 'berlin', 'order-1', 2)).toBe('store_failed');
  failing.mockRestore();
});

test('[IDEM3] nor is it refused when the record of its key is damaged; and a defect stays one', async () => {
  const mesh = await meshOf('berlin');
  await send(mesh, 'berlin', 'order-1');
  const damaged = vi.spyOn(KvReplicaStore.prototype, 'readIdempotency').mockImplementation(() => {
    throw new AnabranchError('record_damaged', 'a record of the store is damaged');
  });
  await expect(send(mesh, 'berlin', 'order-1')).rejects.toMatchObject({ code: 'view_unavailable', details: { reason: 'record_damaged' } });
  damaged.mockRestore();
  mesh.crash('berlin');
  await mesh.start('berlin');
  await mesh.clock.advance(4_000);
  const broken = vi.spyOn(KvReplicaStore.prototype, 'readDocument').mockImplementation(() => {
    throw new TypeError('not a function');
  });
  await expect(send(mesh, 'berlin', 'order-1')).rejects.toThrow(TypeError);
  broken.mockRestore();
});

/** Berlin, restored to before its last two ops, and what it lost: an op, and the one under the key `order-1`. */
async function restoredBerlin(): Promise<{ mesh: SimulatedMesh; lost: readonly LoggedOp[] }> {
  const mesh = await meshOf('berlin');
  await send(mesh, 'berlin', 'order-0');
  const backup = mesh.image('berlin');
  for (const key of ['order-a', 'order-1']) await send(mesh, 'berlin', key);
  const store = await KvReplicaStore.open(new MemoryKv(mesh.image('berlin')), silentLogger);
  const lost = store.readOps(mesh.replica('berlin').origin, 1, 1 << 20);
  mesh.crash('berlin');
  mesh.restore('berlin', backup);
  await mesh.start('berlin');
  return { mesh, lost };
}

/** A peer that holds berlin's earlier log up to a seq. */
function peerHolding(mesh: SimulatedMesh, region: string, { origin, seq }: LoggedOp): ScriptedPeer {
  const peer = new ScriptedPeer(mesh.replica('berlin'), { region });
  peer.shakeHands();
  peer.reportHeads(seq, origin);
  return peer;
}

function sendLost(peer: ScriptedPeer, { origin, seq, bytes, chainHash }: LoggedOp): void {
  peer.sendFrame({ type: 'ops', origin, firstSeq: seq, ops: [bytes], lastChainHash: chainHash });
}

test('[LOG10] a keyed write waits for all of the lost tail, also for what a second peer tells of while the first one sends', async () => {
  const { mesh, lost } = await restoredBerlin();
  const [second, third] = lost;
  if (second === undefined || third === undefined) throw new Error('nothing was lost');
  // The first report has berlin take a new epoch, which ends its links.
  peerHolding(mesh, 'paris', second);
  await mesh.clock.advance(10);
  const paris = peerHolding(mesh, 'paris', second);
  const retried = send(mesh, 'berlin', 'order-1');
  await mesh.clock.advance(10);
  const lyon = peerHolding(mesh, 'lyon', third);
  sendLost(paris, second);
  await mesh.clock.advance(100);
  sendLost(lyon, third);
  await expect(settled(mesh, retried)).resolves.toMatchObject({ isReplay: true, opId: { origin: third.origin, seq: third.seq } });
});

test('[LOG10] a keyed write does not wait for what every peer has lost that told of it', async () => {
  const { mesh, lost } = await restoredBerlin();
  const [second, third] = lost;
  if (second === undefined || third === undefined) throw new Error('nothing was lost');
  for (const region of ['paris', 'lyon', 'paris']) {
    peerHolding(mesh, region, third);
    await mesh.clock.advance(10);
  }
  peerHolding(mesh, 'lyon', third).break();
  const retry = async () => (await settled(mesh, outcomeOf(send(mesh, 'berlin', 'order-1')), 6_000)).code;
  peerHolding(mesh, 'paris', { ...third, seq: 1 });
  expect(await retry(), 'lyon is away, and may have it still').toBe('not_ready');
  peerHolding(mesh, 'lyon', { ...third, seq: 1 });
  expect(await retry()).toBe('ok');
});

/** Which ops each key was answered with, while cuts, repetitions and crashes come in a random order; healed and converged. */
async function runKeys(mesh: SimulatedMesh, random: SeededRandom, keys: readonly string[]): Promise<Map<string, Set<string>>> {
  const ops = new Map<string, Set<string>>(keys.map((key) => [key, new Set()]));
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  for (let step = 0; step < 40; step++) {
    const [a, b] = [random.pick(three), random.pick(three)];
    if (a !== b && random.chance(0.3)) mesh.path(a, b)[random.chance(0.6) ? 'cut' : 'heal']('both');
    const key = random.pick(keys);
    ops.get(key)?.add((await answerOf(mesh, random.pick(three), key)).replace(' again', ''));
    await mesh.clock.advance(random.below(120));
  }
  for (const [i, a] of three.entries()) for (const b of three.slice(i + 1)) mesh.path(a, b).heal();
  await mesh.untilConverged(30_000);
  return ops;
}

test('[IDEM2] after random cuts and repetitions all regions agree on what each key stands for', async () => {
  let doubled = 0;
  for (let seed = 1; seed <= 12; seed++) {
    const mesh = new SimulatedMesh({ seed, regions: three });
    const ops = await runKeys(mesh, new SeededRandom(seed), ['k1', 'k2', 'k3', 'k4']);
    const used = [...ops].filter(([, answers]) => answers.size > 0);
    for (const [key, answers] of used) {
      const [stands] = [...answers].sort();
      for (const region of three) expect(await answerOf(mesh, region, key), `seed ${seed} ${key} ${region}`).toBe(`${stands} again`);
    }
    const written = used.reduce((sum, [, answers]) => sum + answers.size, 0);
    expect(await quantities(mesh), `seed ${seed}`).toEqual(new Set([written]));
    doubled += used.filter(([, answers]) => answers.size > 1).length;
  }
  expect(doubled).toBeGreaterThan(5);
});
