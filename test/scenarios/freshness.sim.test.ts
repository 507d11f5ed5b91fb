// How far behind a region says it is when it, or a clock, has just begun anew.

import type { Metrics } from '@anabranch/base';
import type { DocumentOp } from '@anabranch/crdt';
import { parseDocumentId } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import { SimulatedMesh } from '../simulator/simulated-mesh.ts';

const cart = parseDocumentId('carts/c1');
const add = (by: number): DocumentOp[] => [{ op: 'increment', path: '/items/sku-1/qty', by }];

function lagMs(mesh: SimulatedMesh, at: string, behind: string): number | undefined {
  const lags = mesh.replica(at).status().lag;
  return lags.find((lag) => lag.origin.startsWith(`${behind}.`))?.ms;
}

test('[LAG2] a region that restarts cut off shows how long ago it last had anything of the others', async () => {
  const mesh = new SimulatedMesh({ seed: 11, regions: ['berlin', 'tokyo'] });
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  await mesh.edit('tokyo', cart, add(1));
  await mesh.untilConverged();
  mesh.crash('berlin');
  mesh.path('berlin', 'tokyo').cut('both');
  await mesh.clock.advance(30_000);
  await mesh.start('berlin');
  expect(lagMs(mesh, 'berlin', 'tokyo')).toBeGreaterThan(29_000);
  await mesh.clock.advance(60_000);
  expect(lagMs(mesh, 'berlin', 'tokyo')).toBeGreaterThan(89_000);
  mesh.path('berlin', 'tokyo').heal();
  await mesh.clock.advance(10_000);
  expect(lagMs(mesh, 'berlin', 'tokyo')).toBeLessThan(1_000);
});

test('[LAG3] a new link to a relay whose clock is ahead hides no lag before its offset is measured', async () => {
  const mesh = new SimulatedMesh({ seed: 11, regions: ['berlin', 'paris', 'tokyo'] });
  mesh.skewWallClock('paris', 600_000);
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  await mesh.edit('tokyo', cart, add(1));
  await mesh.untilConverged();
  for (const other of ['berlin', 'paris']) mesh.path(other, 'tokyo').cut('both');
  await mesh.clock.advance(120_000);
  mesh.path('berlin', 'paris').sever();
  await mesh.clock.advance(3_000);
  expect(lagMs(mesh, 'berlin', 'tokyo')).toBeGreaterThan(115_000);
});

test('[LAG4] the time from commit to visibility is corrected by the clock offset of the link', async () => {
  const seconds: number[] = [];
  const metrics: Metrics = {
    count() {},
    observe(name, value) {
      if (name === 'anabranch_commit_to_visible_seconds') seconds.push(value);
    },
  };
  const mesh = new SimulatedMesh({ seed: 11, regions: ['berlin', 'tokyo'], metrics });
  mesh.skewWallClock('tokyo', -20_000);
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  await mesh.edit('tokyo', cart, add(1));
  await mesh.untilConverged();
  expect(seconds).toHaveLength(1);
  expect(seconds[0]).toBeGreaterThan(0.04);
  expect(seconds[0]).toBeLessThan(0.1);
});

test('[SYNC4] awareness of a region is heard after a restart with its clock set back', async () => {
  const mesh = new SimulatedMesh({ seed: 11, regions: ['berlin', 'tokyo'] });
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  await mesh.edit('tokyo', cart, add(1));
  await mesh.untilConverged();
  const heard: Uint8Array[] = [];
  mesh.replica('berlin').openSession(cart, { deliver() {}, awareness: (bytes) => heard.push(bytes), ended() {} });
  const say = async (byte: number) => {
    const session = mesh.replica('tokyo').openSession(cart, { deliver() {}, awareness() {}, ended() {} });
    session.relayAwareness(Uint8Array.of(byte));
    await mesh.clock.advance(1_000);
  };
  await say(1);
  const { origin } = mesh.replica('tokyo');
  mesh.crash('tokyo');
  mesh.skewWallClock('tokyo', -60_000);
  await mesh.start('tokyo');
  await mesh.clock.advance(5_000);
  expect(mesh.replica('tokyo').origin).toBe(origin);
  await say(2);
  expect(heard).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
});

test('[SYNC4] so it is after further restarts while the clock is behind', async () => {
  const mesh = new SimulatedMesh({ seed: 11, regions: ['berlin', 'paris', 'tokyo'] });
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  await mesh.edit('tokyo', cart, add(1));
  await mesh.untilConverged();
  const { origin } = mesh.replica('tokyo');
  const heard = { berlin: [] as number[], paris: [] as number[] };
  for (const region of ['berlin', 'paris'] as const) {
    const awareness = ([byte = 0]: Uint8Array): void => void heard[region].push(byte);
    mesh.replica(region).openSession(cart, { deliver() {}, awareness, ended() {} });
  }
  mesh.skewWallClock('tokyo', -60_000);
  for (const first of [1, 4, 7]) {
    mesh.crash('tokyo');
    await mesh.start('tokyo');
    await mesh.clock.advance(5_000);
    const session = mesh.replica('tokyo').openSession(cart, { deliver() {}, awareness() {}, ended() {} });
    for (const byte of [first, first + 1, first + 2]) session.relayAwareness(Uint8Array.of(byte));
    await mesh.clock.advance(1_000);
  }
  expect(mesh.replica('tokyo').origin).toBe(origin);
  const all = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  expect(heard).toEqual({ berlin: all, paris: all });
});

test.each([-3_600_000, 3_600_000])(
  '[LAG2] [LAG3] lag grows while an origin is cut off, also when a clock is stepped by %i ms',
  async (stepMs) => {
    for (const stepped of ['berlin', 'paris', 'tokyo']) {
      const mesh = new SimulatedMesh({ seed: 11, regions: ['berlin', 'paris', 'tokyo'] });
      await mesh.startAll();
      await mesh.clock.advance(1_000);
      await mesh.edit('tokyo', cart, add(1));
      await mesh.untilConverged();
      mesh.path('berlin', 'tokyo').cut('both');
      await mesh.clock.advance(5_000);
      mesh.skewWallClock(stepped, stepMs);
      // Over the relay, on clocks that have just been stepped.
      await mesh.clock.advance(1_000);
      expect(lagMs(mesh, 'berlin', 'tokyo')).toBeLessThan(1_000);
      mesh.path('paris', 'tokyo').cut('both');
      await mesh.clock.advance(30_000);
      expect(lagMs(mesh, 'berlin', 'tokyo')).toBeGreaterThan(29_000);
      expect(lagMs(mesh, 'berlin', 'tokyo')).toBeLessThan(33_000);
    }
  },
);

test('[LAG2] a region that goes on under a new epoch is told from its earlier ones over a relay, also while it writes', async () => {
  const mesh = new SimulatedMesh({ seed: 11, regions: ['berlin', 'paris', 'tokyo'] });
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  await mesh.edit('tokyo', cart, add(1));
  await mesh.untilConverged();
  const { origin: ended } = mesh.replica('tokyo');
  mesh.path('berlin', 'tokyo').cut('both');
  mesh.crash('tokyo');
  await mesh.start('tokyo');
  await mesh.clock.advance(5_000);
  expect(mesh.replica('tokyo').origin).not.toBe(ended);
  for (let i = 0; i < 100; i++) {
    await mesh.edit('tokyo', cart, add(1));
    await mesh.clock.advance(20);
    const measured = mesh
      .replica('berlin')
      .status()
      .lag.filter(({ origin, ms }) => origin.startsWith('tokyo.') && ms > 0);
    if (i > 20) expect(measured.map(({ origin }) => origin)).toEqual([mesh.replica('tokyo').origin]);
  }
});

test('[RC1] a region that was out of reach is not known to be complete over a relay that still lacks an earlier epoch of it', async () => {
  const mesh = new SimulatedMesh({ seed: 11, regions: ['berlin', 'paris', 'tokyo'], delayMs: 400 });
  mesh.path('berlin', 'tokyo').cut('both');
  await mesh.startAll();
  await mesh.clock.advance(8_000);
  await mesh.edit('tokyo', cart, add(1));
  await mesh.untilConverged(20_000);
  mesh.path('paris', 'tokyo').cut('both');
  for (const edits of [3, 0]) {
    mesh.crash('tokyo');
    await mesh.start('tokyo');
    await mesh.clock.advance(4_000);
    for (let i = 0; i < edits; i++) await mesh.edit('tokyo', cart, add(10));
  }
  const bounded = { readConcern: { kind: 'bounded', maxLagMs: 2_000 }, waitMsMax: 30_000 } as const;
  const reading = mesh.replica('berlin').read(parseDocumentId(cart), bounded);
  let shown: unknown;
  void reading.then(({ json }) => {
    shown = json;
  });
  await mesh.clock.advance(5_000);
  expect(shown).toBeUndefined();
  mesh.path('paris', 'tokyo').heal();
  await mesh.clock.until(() => shown !== undefined, 20_000, 'the read is answered');
  expect(shown).toMatchObject({ items: { 'sku-1': { qty: 31 } } });
});
