// What docs/client.md shows, as one program that runs: each code block of it stands here, or in cart-page.tsx, word for word.

import assert from 'node:assert/strict';
import { isAnabranchError, type RegionAddress, schema } from '@anabranch/client';
import { createClient } from '@anabranch/client/node';
import { WebSocket } from 'ws';

type GuideClient = Awaited<ReturnType<typeof createClient<typeof collections>>>;

export const collections = {
  carts: {
    library: 'yjs',
    schema: schema.object({
      items: schema.map(schema.object({ qty: schema.counter(), name: schema.register<string>() })),
      note: schema.text(),
    }),
  },
  depots: { library: 'yjs', schema: schema.object({ stock: schema.boundedCounter({ min: 0 }) }) },
  notes: { library: 'yjs', schema: 'freeform' },
} as const;

/** @param meanwhile what others do while the device is at the note `n1`, and who is seen there. */
export async function walkThrough(
  regions: readonly RegionAddress[],
  folder: string,
  meanwhile: (present: readonly unknown[]) => Promise<void>,
): Promise<void> {
  const client = await createClient({ regions, collections, folder, webSocket: WebSocket });

  const cart = await client.open('carts', 'ann');
  const write = cart.edit([{ op: 'increment', path: '/items/tea/qty', by: 2 }]);
  assert.equal(cart.value.items['tea']?.qty, 2);
  await write.when('saved');
  await write.when('durable');
  await write.when('all');

  const seen: unknown[] = [];
  const end = cart.subscribe(({ isLocal, value }) => seen.push([isLocal, value.items['tea']?.qty]));
  cart.edit([{ op: 'increment', path: '/items/tea/qty', by: 1 }]);
  assert.deepEqual(seen, [[true, 3]]);
  end();

  await nothingPending(client);
  client.goOffline();
  const offline = cart.edit([{ op: 'insert', path: '/note', index: 0, text: 'no sugar' }]);
  assert.equal(client.status.pendingWrites, 1);
  await offline.when('saved');
  assert.equal(client.status.pendingWrites, 1);
  client.goOnline();
  await offline.when('durable');

  const wish = await client.open('carts', 'wishes', { startEmpty: true });
  const both = client.transact([
    { document: cart, ops: [{ op: 'remove', path: '/items/tea' }] },
    { document: wish, ops: [{ op: 'increment', path: '/items/tea/qty', by: 3 }] },
  ]);
  await both.when('durable');

  await client.submit([{ document: 'depots/berlin', ops: [{ op: 'increment', path: '/stock', by: 5 }] }]);
  try {
    await client.submit([{ document: 'depots/berlin', ops: [{ op: 'decrement', path: '/stock', by: 9 }] }]);
    assert.fail('there are only five');
  } catch (error) {
    assert(isAnabranchError(error) && error.code === 'insufficient_rights');
  }

  const note = await client.open('notes', 'n1', { startEmpty: true });
  let body = note.yjs?.getText('body');
  const endBinding = note.subscribeYjs((yjs) => {
    body = yjs.getText('body');
  });
  body?.insert(0, 'as any Yjs editor does');
  endBinding();

  const present: unknown[] = [];
  note.presence.set({ name: 'Ann', caret: 4 });
  const endPresence = note.presence.subscribe(() => {
    present.splice(0, present.length, ...note.presence.others.values());
  });
  note.presence.set({ name: 'Ann', caret: 5 });
  await meanwhile(present);
  endPresence();
  note.presence.set(undefined);

  await client.close();
}

/** Else a write of before would be among those that are counted. */
function nothingPending(client: GuideClient): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (client.status.pendingWrites > 0) return;
      end();
      resolve();
    };
    const end = client.onStatus(look);
    look();
  });
}

export async function startAgain(regions: readonly RegionAddress[], folder: string): Promise<void> {
  await assert.rejects(createClient({ regions: [], collections, folder, webSocket: WebSocket }), { code: 'config_invalid' });
  const again = await createClient({ regions, collections, folder, webSocket: WebSocket });
  again.goOffline();
  const cart = await again.open('carts', 'ann');
  assert.equal(cart.value.note, 'no sugar');
  await again.close();
}
