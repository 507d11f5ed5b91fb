import { inspect } from 'node:util';
import { AnabranchError } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import { expect, test } from 'vitest';
import { LocalWrites } from './local-writes.ts';
import type { NewWrite } from './store/client-store.ts';
import { MemoryStore } from './store/memory-store.ts';
import { LocalWrite } from './write.ts';

const covered = VersionVector.of([['berlin.1' as never, 7]]);
const writeOf = (id: string): NewWrite => ({
  id,
  writer: 'w',
  updates: [{ document: 'carts/ann' as never, update: Uint8Array.of(1) }],
  described: [],
});

test('[CLIENT11] a write that is answered while the store is asked what waits is not told to wait, and the others are followed', async () => {
  const store = new MemoryStore();
  await store.open(() => '0123456789abcdef');
  for (const id of ['a', 'b', 'c']) await store.append(writeOf(id));
  const writes = new LocalWrites(store, () => {});
  const asked = writes.takeUp();
  writes.settled('b', covered);
  const pending = await asked;
  expect(pending.map(({ id, state }) => [id, state])).toEqual([
    ['a', 'saved'],
    ['c', 'saved'],
  ]);
  writes.settled('a', covered);
  writes.replicated(covered, VersionVector.empty);
  expect(pending.map(({ state }) => state)).toEqual(['majority', 'saved']);
  expect((await writes.takeUp()).map(({ id }) => id)).toContain('c');
  expect((await writes.takeUp()).find(({ id }) => id === 'c')).toBe(pending[1]);
});

test('[CLIENT36] what Node shows of a write is what is told of it as JSON', () => {
  const write = new LocalWrite('a.1', [{ document: 'carts/ann' as never, ops: '[]' }]);
  expect(inspect(write)).toBe("{ id: 'a.1', state: 'applied', documents: [ 'carts/ann' ] }");
  write.refuse(new AnabranchError('value_invalid', 'not that'));
  expect(inspect([write], { depth: 5 })).toContain("error: { code: 'value_invalid', message: 'not that' }");
});

test('[CLIENT50] a write that was answered, nobody knows by which ops, is pending no more', () => {
  const writes = new LocalWrites(new MemoryStore(), () => {});
  writes.add(writeOf('a'));
  expect(writes.pendingCount.value).toBe(1);
  writes.forgetCovered();
  writes.answered('a', covered);
  expect(writes.pendingCount.value).toBe(0);
});

test('[CLIENT17] who waits for a write that is followed no more, for so many came after it, is told so', async () => {
  const store = new MemoryStore();
  await store.open(() => '0123456789abcdef');
  const writes = new LocalWrites(store, () => {});
  const first = writes.add(writeOf('first'));
  await first.when('saved');
  writes.settled('first', covered);
  const waiting = first.when('all');
  const refused = expect(waiting).rejects.toMatchObject({ code: 'outcome_unknown' });
  for (let n = 0; n < LocalWrites.trackedMax; n++) writes.add(writeOf(`w.${n}`));
  await refused;
  expect(first.state).toBe('durable');
});
