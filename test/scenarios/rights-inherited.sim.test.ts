// What a region may use of what it held before: after disks that went back, were wiped, or were replaced by one of an earlier
// epoch; and amounts that nobody has.

import { silentLogger } from '@anabranch/base';
import type { DocumentOp } from '@anabranch/crdt';
import { parseDocumentId } from '@anabranch/protocol';
import { KvReplicaStore, MemoryKv } from '@anabranch/storage';
import { expect, test } from 'vitest';
import { meshOf, outcomeOf, sell, settled, stock } from './trade.ts';

const document = 'depots/d';

test.each([1, 2, 3])(
  '[BOUND26] a disk that goes back to the end of an earlier epoch spends nothing that a later one inherited, seed %i',
  async (seed) => {
    const mesh = await meshOf(seed);
    await mesh.edit('berlin', document, stock(10));
    await mesh.untilConverged();
    const endOfFirst = mesh.image('berlin');
    // A start that Tokyo cannot confirm takes another epoch, which inherits when Tokyo is back.
    mesh.crash('berlin');
    mesh.path('berlin', 'tokyo').cut('both');
    await mesh.start('berlin');
    await mesh.clock.advance(6_000);
    await mesh.edit('berlin', document, stock(1));
    mesh.path('berlin', 'tokyo').heal();
    await mesh.clock.advance(3_000);
    await settled(mesh, mesh.edit('berlin', document, sell(9)));
    await mesh.untilConverged();
    mesh.crash('berlin');
    mesh.restore('berlin', endOfFirst);
    await mesh.start('berlin');
    const { code } = await settled(mesh, outcomeOf(mesh.edit('berlin', document, sell(8))), 10_000);
    expect(code).toBe('insufficient_rights');
    await mesh.clock.advance(6_000);
    await mesh.untilConverged();
    for (const region of ['berlin', 'tokyo', 'new-york']) expect(await mesh.json(region, document)).toMatchObject({ stock: 2 });
  },
);

test('[BOUND26] a wiped region that others dial takes its initial share once', async () => {
  const mesh = await meshOf(3, { hubs: ['berlin'] });
  const level = (by: number): DocumentOp[] => [{ op: 'increment', path: '/level', by }];
  for (const region of ['berlin', 'tokyo', 'new-york']) {
    await settled(mesh, mesh.edit(region, document, level(10)));
    await mesh.untilConverged();
  }
  mesh.crash('berlin');
  mesh.restore('berlin', new MemoryKv().image());
  await mesh.clock.advance(3_000);
  await mesh.start('berlin');
  expect(await settled(mesh, outcomeOf(mesh.edit('berlin', document, level(10))))).toMatchObject({
    code: 'insufficient_rights',
    details: { unconfirmedBy: ['any peer'] },
  });
  await mesh.clock.advance(6_000);
  expect((await settled(mesh, outcomeOf(mesh.edit('berlin', document, level(1))))).code).toBe('insufficient_rights');
  await mesh.untilConverged();
  expect(await mesh.json('tokyo', document)).toMatchObject({ level: 30 });
});

test('[BOUND26] a wiped region inherits nothing before everybody whom its peers know was heard', async () => {
  const mesh = await meshOf(3, { hubs: ['berlin'] });
  await mesh.edit('berlin', document, stock(10));
  await mesh.untilConverged();
  // New York knows of the stocking, Tokyo of the sale too.
  for (const other of ['berlin', 'tokyo']) mesh.path(other, 'new-york').cut('both');
  await mesh.clock.advance(5_000);
  await settled(mesh, mesh.edit('berlin', document, sell(8)));
  await mesh.clock.advance(2_000);
  mesh.crash('berlin');
  mesh.restore('berlin', new MemoryKv().image());
  mesh.path('berlin', 'tokyo').cut('both');
  mesh.path('berlin', 'new-york').heal();
  await mesh.start('berlin');
  await mesh.clock.advance(6_000);
  // As often as it is restarted, too.
  for (let start = 0; start < 3; start++) {
    const refused = await settled(mesh, outcomeOf(mesh.edit('berlin', document, sell(8))));
    expect(refused).toMatchObject({ code: 'insufficient_rights', details: { unconfirmedBy: ['tokyo'] } });
    mesh.crash('berlin');
    await mesh.start('berlin');
    await mesh.clock.advance(6_000);
  }
  mesh.path('berlin', 'tokyo').heal();
  mesh.path('tokyo', 'new-york').heal();
  await mesh.clock.advance(6_000);
  await mesh.untilConverged();
  expect((await settled(mesh, mesh.edit('berlin', document, sell(2)))).json).toMatchObject({ stock: 0 });
});

test('[BOUND26] a region that was wiped, and once had everybody confirm its past, asks its peers alone from then on', async () => {
  const mesh = await meshOf();
  await mesh.edit('berlin', document, stock(10));
  await mesh.untilConverged();
  mesh.crash('berlin');
  mesh.restore('berlin', new MemoryKv().image());
  await mesh.start('berlin');
  await mesh.clock.advance(6_000);
  await settled(mesh, mesh.edit('berlin', document, sell(1)));
  await mesh.untilConverged();
  const { origin } = mesh.replica('berlin');
  const store = await KvReplicaStore.open(new MemoryKv(mesh.image('berlin')), silentLogger);
  expect(store.opening().identity).toEqual({ region: 'berlin', storeId: expect.any(Uint8Array), origin });
});

test('[BOUND31] amounts that nobody has are refused and leave nothing behind: no rights move for them, and nothing fails', async () => {
  const mesh = await meshOf();
  await mesh.edit('berlin', document, stock(1_000));
  await mesh.untilConverged();
  for (const by of [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 1_000_000]) {
    expect((await settled(mesh, outcomeOf(mesh.edit('tokyo', document, sell(by))))).code).toBe('insufficient_rights');
  }
  await mesh.clock.advance(12_000);
  const { counters } = await mesh.replica('tokyo').rights(parseDocumentId(document));
  expect(counters[0]?.holders).toMatchObject([{ region: 'berlin', down: 1_000 }]);
});

test('[BOUND20] several decrements of one edit get what they need together', async () => {
  const mesh = await meshOf();
  await mesh.edit('berlin', document, stock(1_000));
  await mesh.edit('tokyo', document, stock(4));
  await mesh.untilConverged();
  const answer = await settled(mesh, mesh.edit('tokyo', document, [...sell(3), ...sell(3)]));
  expect(answer.json).toMatchObject({ stock: 998 });
});

test('[BOUND32] over a slow link an ask that is repeated is answered once', async () => {
  const mesh = await meshOf(3, { delayMs: 450, regions: ['berlin', 'tokyo'] });
  await mesh.edit('berlin', document, stock(1_000));
  await mesh.untilConverged();
  await settled(mesh, mesh.edit('tokyo', document, sell(1)));
  await mesh.clock.advance(5_000);
  const { counters } = await mesh.replica('tokyo').rights(parseDocumentId(document));
  expect(counters[0]?.holders).toMatchObject([
    { region: 'berlin', down: 500 },
    { region: 'tokyo', down: 499 },
  ]);
});

test('[BOUND20] a region asks and is given, also after restarts while its clock is behind what it wrote before', async () => {
  const mesh = await meshOf(3, { regions: ['berlin', 'tokyo'] });
  await mesh.edit('berlin', document, stock(1_000_000));
  await mesh.edit('tokyo', document, [{ op: 'set', path: '/status', value: 'open' }]);
  await mesh.untilConverged();
  mesh.skewWallClock('tokyo', -3_600_000);
  for (const sales of [12, 1]) {
    mesh.crash('tokyo');
    await mesh.start('tokyo');
    await mesh.clock.advance(5_000);
    for (let sale = 0; sale < sales; sale++) {
      const { counters } = await mesh.replica('tokyo').rights(parseDocumentId(document));
      const held = counters[0]?.holders.find(({ region }) => region === 'tokyo')?.down ?? 0;
      // One more than it holds: it has to ask.
      expect(await settled(mesh, outcomeOf(mesh.edit('tokyo', document, sell(held + 1))))).toMatchObject({ code: 'ok' });
    }
  }
});

test('[BOUND23] a region that was wiped, and whose clock is an hour behind what it wrote before, gets rights over a relay', async () => {
  const mesh = await meshOf();
  await mesh.edit('berlin', document, stock(10));
  await mesh.edit('tokyo', document, [{ op: 'set', path: '/status', value: 'open' }]);
  await mesh.untilConverged();
  mesh.crash('tokyo');
  mesh.path('tokyo', 'berlin').cut('both');
  mesh.restore('tokyo', new MemoryKv().image());
  mesh.skewWallClock('tokyo', -3_600_000);
  await mesh.start('tokyo');
  await mesh.clock.advance(10_000);
  await mesh.edit('tokyo', document, [{ op: 'set', path: '/status', value: 'closed' }]);
  await mesh.untilConverged();
  expect(await settled(mesh, outcomeOf(mesh.edit('tokyo', document, sell(4))))).toMatchObject({ code: 'ok' });
});
