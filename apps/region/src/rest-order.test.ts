// A document reads the same wherever it is shown: the members of its view have one order.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { PieceReader } from './testing/piece-reader.ts';
import { TestRegion } from './testing/region-under-test.ts';

let region: TestRegion;
beforeAll(async () => {
  region = await TestRegion.start({ peers: ['tokyo'], meshKey: new Uint8Array(32) });
});
afterAll(() => region.stop());

// Neither written in their order nor, as numbers in texts are, in that of the keys of an object.
const names = ['tea', 'cup', '10', '9'];
const price = { unit: 'kg', amount: 3, '10': 1, '9': 2 };
const ops = names.map((name) => ({ op: 'set', path: `/items/${name}/price`, value: price }));
const sortedPrice = '{"10":1,"9":2,"amount":3,"unit":"kg"}';
const sortedItems = ['10', '9', 'cup', 'tea'].map((name) => `"${name}":{"name":null,"price":${sortedPrice},"qty":0}`);
const view = `{"coupons":[],"gift":false,"items":{${sortedItems.join()}},"lines":[],"note":"","status":null}`;

test.each(['carts', 'carts-automerge'])('[DOOR1] a document of %s has the order of canonical JSON in every answer', async (collection) => {
  const document = `${collection}/ordered`;
  const path = `/v1/docs/${document}`;
  const events = new PieceReader(await fetch(region.url(`${path}/events`)), '\n\n');
  expect(await events.next()).toMatch(/^retry: /);
  const patched = await region.patch(path, ops);
  expect(patched.text).toBe(view);
  expect((await region.ask(path)).text).toBe(view);
  expect((await events.next())?.split('\n')).toContain(`data: ${view}`);
  await events.cancel();
  const writes = [{ document, ops: [{ op: 'disable', path: '/gift' }] }];
  const transaction = await region.ask('/v1/transactions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ writes }),
  });
  expect(transaction.text).toContain(`"${document}":${view}`);
  const changes = await fetch(region.url(`/v1/changes?collection=${collection}`));
  expect(await changes.text()).toContain(`{"document":"${document}","exists":true,"json":${view}}`);
  expect((await region.ask(`${path}/history`)).text).toContain(`"price":${sortedPrice}`);
  const pending = await region.patch(path, [{ op: 'set', path: '/items/tea/price', value: price }], {
    'anabranch-write-concern': 'all; timeout=1ms',
  });
  expect([pending.status, pending.text]).toEqual([202, expect.stringContaining(`"view":${view}`)]);
});
