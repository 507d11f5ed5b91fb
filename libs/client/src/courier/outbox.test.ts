import { type DocumentId, parseDocumentId } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import { Outbox } from './outbox.ts';

const named = (name: string): DocumentId => parseDocumentId(`carts/${name}`);

/** Writes 1, 2 and so on, each to the documents of its name: `ab` writes to a and b. */
function outboxOf(...writes: readonly string[]): Outbox {
  const outbox = new Outbox();
  for (const [at, letters] of writes.entries()) {
    const updates = [...letters].map((letter) => ({ document: named(letter), update: new Uint8Array([at + 1]) }));
    outbox.add({ n: at + 1, id: `w${at + 1}`, writer: 'device.1', updates, described: [] });
  }
  return outbox;
}

/** What is pushed now, by the number of the write. */
function pushed(outbox: Outbox): { id: number; n: number | undefined }[] {
  const pushes = [];
  for (let push = outbox.next(); push !== undefined; push = outbox.next()) pushes.push({ id: push.id, n: push.writes[0]?.update[0] });
  return pushes;
}
const numbers = (outbox: Outbox): (number | undefined)[] => pushed(outbox).map(({ n }) => n);

test('[CLIENT44] a write that the region cannot take holds up those to its documents, also by way of others, and no more', () => {
  const outbox = outboxOf('a');
  expect(numbers(outbox)).toEqual([1]);
  outbox.defer(1);
  for (const [at, letters] of ['b', 'a', 'ac', 'c', 'd'].entries()) {
    const updates = [...letters].map((letter) => ({ document: named(letter), update: new Uint8Array([at + 2]) }));
    outbox.add({ n: at + 2, id: `w${at + 2}`, writer: 'device.1', updates, described: [] });
  }
  expect(numbers(outbox)).toEqual([2, 6]);
  expect(outbox.count).toBe(6);
});

test('[CLIENT44] what was deferred is pushed again in another session, in the order of all writes', () => {
  const outbox = outboxOf('a', 'b', 'a', 'c');
  expect(numbers(outbox)).toEqual([1, 2, 3, 4]);
  outbox.defer(1);
  outbox.defer(3);
  expect(outbox.answered(2)?.n).toBe(2);
  outbox.ended();
  expect(numbers(outbox)).toEqual([1, 3, 4]);
});

test('[CLIENT44] writes that are deferred take no room of those that can go, however many', () => {
  const count = 2 * Outbox.inFlightMax;
  const outbox = outboxOf(...Array.from({ length: count }, () => 'a'), 'b');
  for (const { id } of pushed(outbox)) outbox.defer(id);
  expect(numbers(outbox)).toEqual([(count + 1) & 0xff]);
  expect(outbox.count).toBe(count + 1);
});
