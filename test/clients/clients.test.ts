// The embedded client at real regions: what an application sees of its own writes, of others', and of refusals.

import { isAnabranchError } from '@anabranch/client';
import { describe, expect, test, vi } from 'vitest';
import { connect, patience, startMesh } from './client-mesh.ts';

const tea = (by: number) => ({ op: 'increment', path: '/items/tea/qty', by }) as const;

describe.each(['carts', 'carts-automerge'] as const)('documents of %s', (collection) => {
  test('[CLIENT1] show a write at once, and everybody else in time', async () => {
    const mesh = await startMesh();
    const [a, b] = [await connect(mesh, 'new-york'), await connect(mesh, 'tokyo')];
    const [mine, theirs] = [await a.open(collection, 'ann'), await b.open(collection, 'ann')];
    const heard: unknown[] = [];
    theirs.subscribe(({ isLocal, region, value, previous }) =>
      heard.push([isLocal, region, value.items['tea']?.qty, previous.items['tea']?.qty]),
    );
    const write = mine.edit([tea(2)]);
    expect(mine.value.items['tea']?.qty).toBe(2);
    expect(write.state).toBe('applied');
    await write.when('all');
    await vi.waitFor(() => expect(theirs.value.items['tea']?.qty).toBe(2), patience);
    theirs.edit([tea(3)]);
    await vi.waitFor(() => expect(mine.value.items['tea']?.qty).toBe(5), patience);
    expect(heard).toEqual([
      [false, 'new-york', 2, undefined],
      [true, undefined, 5, 2],
    ]);
    const inBerlin = (): Promise<unknown> => mesh.region('berlin').read(`${collection}/ann`);
    await vi.waitFor(async () => expect(await inBerlin()).toMatchObject({ items: { tea: { qty: 5 } } }), patience);
  });

  test('[CLIENT2] are refused what their schema does not take, at once and whole', async () => {
    const mesh = await startMesh(1);
    const client = await connect(mesh);
    const cart = await client.open(collection, 'ann');
    const { value } = cart;
    const codeOf = (act: () => unknown): string => {
      try {
        act();
      } catch (error) {
        return isAnabranchError(error) ? error.code : String(error);
      }
      return 'taken';
    };
    expect(codeOf(() => cart.edit([tea(1), { op: 'increment', path: '/nothing', by: 1 }]))).toBe('path_unknown');
    expect(codeOf(() => cart.edit([tea(1), { op: 'set', path: '/note', value: 1 }]))).toBe('type_mismatch');
    expect(cart.value).toBe(value);
    expect(client.status.pendingWrites).toBe(0);
    const other = await client.open('carts', 'bob');
    const error = await Promise.resolve()
      .then(() =>
        client.transact([
          { document: cart, ops: [tea(1)] },
          { document: other, ops: [{ op: 'enable', path: '/items' }] },
        ]),
      )
      .catch((refusal: unknown) => refusal);
    expect(error).toMatchObject({ code: 'type_mismatch', details: { writeIndex: 1 } });
    expect(cart.value).toBe(value);
  });

  test('[CLIENT3] change together in a transaction, here and in every region', async () => {
    const mesh = await startMesh(2);
    const [a, b] = [await connect(mesh, 'new-york'), await connect(mesh, 'berlin')];
    const [from, to] = [await a.open(collection, 'from'), await a.open('carts', 'to')];
    const seen = { from: await b.open(collection, 'from'), to: await b.open('carts', 'to') };
    const told: unknown[] = [];
    const note = (): void => void told.push([seen.from.value.items['tea']?.qty, seen.to.value.gift]);
    seen.from.subscribe(note);
    seen.to.subscribe(note);
    const write = a.transact([
      { document: from, ops: [tea(4)] },
      { document: to, ops: [{ op: 'enable', path: '/gift' }] },
    ]);
    await write.when('all');
    await vi.waitFor(() => expect(told.length).toBe(2), patience);
    expect(told).toEqual([
      [4, true],
      [4, true],
    ]);
  });
});

describe('a client', () => {
  test('[CLIENT4] has freeform documents for editors, whose updates are writes like others', async () => {
    const mesh = await startMesh(2);
    const [a, b] = [await connect(mesh, 'new-york'), await connect(mesh, 'berlin')];
    const [mine, theirs] = [await a.open('notes', 'n'), await b.open('notes', 'n')];
    mine.yjs?.getText('body').insert(0, 'hello');
    await vi.waitFor(() => expect(theirs.yjs?.getText('body').toString()).toBe('hello'), patience);
    theirs.yjs?.getText('body').insert(5, ' world');
    await vi.waitFor(() => expect(mine.yjs?.getText('body').toString()).toBe('hello world'), patience);
    expect((await a.open('carts', 'ann')).yjs).toBeUndefined();
  });

  test('[CLIENT5] has a region change bounded counters, and is told why not', async () => {
    const mesh = await startMesh();
    const client = await connect(mesh, 'berlin');
    const [depot, cart] = [await client.open('depots', 'd'), await client.open('carts', 'ann')];
    expect(() => depot.edit([{ op: 'increment', path: '/stock', by: 5 }])).toThrow('use submit');
    await client.submit([{ document: 'depots/d', ops: [{ op: 'increment', path: '/stock', by: 5 }] }]);
    expect(depot.value.stock).toBe(5);
    cart.edit([tea(2)]);
    const done = await client.submit([
      { document: 'depots/d', ops: [{ op: 'decrement', path: '/stock', by: 2 }] },
      { document: 'carts/ann', ops: [{ op: 'remove', path: '/items/tea' }] },
    ]);
    // Its own write had gone first, so what the region removed is all of it.
    expect(done.isConcernMet).toBe(true);
    expect([depot.value.stock, cart.value.items]).toEqual([3, {}]);
    const refusal = await client
      .submit([{ document: 'depots/d', ops: [{ op: 'decrement', path: '/stock', by: 9 }] }])
      .catch((error) => error);
    expect(refusal).toMatchObject({ code: 'insufficient_rights', details: { needed: 9, held: 3 } });
    expect(depot.value.stock).toBe(3);
  });

  test('[CLIENT6] goes back to what regions have when a write is refused, says so, and goes on', async () => {
    const mesh = await startMesh(2);
    const client = await connect(mesh, 'berlin');
    const cart = await client.open('carts', 'ann');
    await cart.edit([tea(1)]).when('durable');
    const refused: string[] = [];
    client.onRefused((write) => refused.push(`${write.error?.code} ${write.described[0]?.document}`));
    // Larger than an op may be; found out when it has been applied.
    const write = cart.edit([{ op: 'insert', path: '/note', index: 0, text: 'x'.repeat(1_100_000) }]);
    expect(write.state).toBe('refused');
    await expect(write.when('saved')).rejects.toMatchObject({ code: 'request_too_large' });
    await vi.waitFor(() => expect(cart.value.note).toBe(''), patience);
    expect(refused).toEqual(['request_too_large carts/ann']);
    // Each part is small enough, the whole is not.
    const parts = await Promise.all(Array.from({ length: 6 }, (_, at) => client.open('carts', `part-${at}`)));
    const text = 'x'.repeat(900_000);
    const whole = client.transact(parts.map((document) => ({ document, ops: [{ op: 'insert', path: '/note', index: 0, text }] })));
    expect(whole.error?.code).toBe('request_too_large');
    await vi.waitFor(() => expect(parts.map(({ value }) => value.note)).toEqual(['', '', '', '', '', '']), patience);
    await cart.edit([tea(2), { op: 'insert', path: '/note', index: 0, text: 'short' }]).when('all');
    expect(await mesh.region('new-york').read('carts/ann')).toMatchObject({ items: { tea: { qty: 3 } }, note: 'short' });
  });
});
