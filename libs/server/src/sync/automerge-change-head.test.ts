import { deflateRawSync } from 'node:zlib';
import { BoundedReader, ByteWriter } from '@anabranch/protocol';
import * as A from '@automerge/automerge';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readChangeHead, sortByCompleteness } from './automerge-change-head.ts';

/** The same change with its body deflated, as the library writes large ones. */
function deflated(change: Uint8Array): Uint8Array {
  const reader = new BoundedReader(change);
  const preamble = reader.bytes(8);
  reader.byte();
  const body = reader.sizedBytes(reader.remaining);
  return new ByteWriter().bytes(preamble).byte(2).sizedBytes(deflateRawSync(body)).finish();
}

/** Two authors who merge now and then. */
function history(): A.Change[] {
  let a = A.from<{ cards: string[] }>({ cards: [] }, { actor: 'aa' });
  let b = A.merge(A.init<{ cards: string[] }>({ actor: 'bb' }), a);
  for (let i = 0; i < 12; i++) {
    a = A.change(a, (content) => {
      content.cards.push(`a${i}`);
    });
    b = A.change(b, (content) => {
      content.cards.push(`b${i}`);
    });
    if (i % 4 === 3) [a, b] = [A.merge(a, b), A.merge(b, a)];
  }
  return A.getAllChanges(A.merge(a, b)).map((change, i) => (i % 3 === 0 ? deflated(change) : change));
}

/** Changes of which each builds on the one before, as far as their heads go. */
function chainOf(length: number): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let last = new Uint8Array(0);
  for (let i = 0; i < length; i++) {
    const body = new ByteWriter()
      .uint(last.length / 32)
      .bytes(last)
      .uint(i)
      .finish();
    const chunk = new ByteWriter().bytes(new Uint8Array(8)).byte(1).sizedBytes(body).finish();
    last = Uint8Array.from(Buffer.from(readChangeHead(chunk).hash, 'hex'));
    chain.push(chunk);
  }
  return chain;
}

const changes = history();
const hashes = changes.map((change) => A.decodeChange(change).hash);

describe('the place of a change in the history', () => {
  test('is read as the library reads it, deflated or not', () => {
    expect(new Set(changes.map((change) => change[8]))).toEqual(new Set([1, 2]));
    for (const change of changes) {
      const { hash, deps } = A.decodeChange(change);
      expect(readChangeHead(change)).toEqual({ hash, dependencies: deps });
    }
  });

  test('what is left out keeps exactly what builds on it waiting, and is asked for', () => {
    const omission = fc.uniqueArray(fc.nat(changes.length - 1), { maxLength: 5 });
    fc.assert(
      fc.property(omission, fc.nat(changes.length), fc.boolean(), (omitted, knownCount, isReversed) => {
        const known = new Set(hashes.slice(0, knownCount));
        const sent = changes.filter((_change, i) => i >= knownCount && !omitted.includes(i));
        if (isReversed) sent.reverse();
        const sorted = sortByCompleteness(sent, (asked) => asked.filter((hash) => !known.has(hash)));
        expect(new Set([...sorted.complete, ...sorted.incomplete])).toEqual(new Set(sent));
        // Nothing of the complete ones is left pending, and not one more could have been taken.
        const replica = A.applyChanges(A.init(), [...changes.slice(0, knownCount), ...sorted.complete])[0];
        expect(A.getAllChanges(replica).length).toBe(knownCount + sorted.complete.length);
        const full = A.applyChanges(replica, [...sorted.incomplete])[0];
        expect(A.getAllChanges(full).length).toBe(knownCount + sorted.complete.length);
        expect(sorted.missing.toSorted()).toEqual(A.getMissingDeps(full, []).toSorted());
      }),
      { numRuns: 60 },
    );
  });

  test('[GUARD6] of very many changes, the last one first, is told in no more time than it takes to read them', () => {
    const chain = chainOf(15_000).reverse();
    const before = process.cpuUsage();
    const { complete, incomplete } = sortByCompleteness(chain, (asked) => [...asked]);
    const { user, system } = process.cpuUsage(before);
    expect(complete.every((change, i) => change === chain.at(-1 - i))).toBe(true);
    expect([complete.length, incomplete.length]).toEqual([chain.length, 0]);
    expect((user + system) / 1_000).toBeLessThan(3_000);
  }, 60_000);
});
