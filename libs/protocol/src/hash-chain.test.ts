import { createHash, createHmac } from 'node:crypto';
import { type Hash, toHex } from '@anabranch/base';
import type { OriginId } from '@anabranch/causality';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chainHashLength, chainNext, chainStart } from './index.ts';

const hash: Hash = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
};
const berlin = 'berlin.000000000001' as OriginId;
const tokyo = 'tokyo.000000000002' as OriginId;

/** The hash after these ops, in hex. */
function headOf(origin: OriginId, ops: readonly Uint8Array[]): string {
  return toHex(ops.reduce((previous, op) => chainNext(hash, previous, op), chainStart(hash, origin)));
}

const op = fc.uint8Array({ maxLength: 20 });
const log = fc.array(op, { minLength: 1, maxLength: 6 });

// LOG2 and LOG3, the rules of the replica, stand on this.
describe('one hash at a place means one log up to there', () => {
  test('another op at any place changes the hash there and at every later place', () => {
    fc.assert(
      fc.property(log, fc.nat(), op, (ops, at, other) => {
        const place = at % ops.length;
        fc.pre(toHex(other) !== toHex(ops[place] ?? other));
        const forged = ops.with(place, other);
        for (let seq = 1; seq <= ops.length; seq++) {
          const isSame = headOf(berlin, ops.slice(0, seq)) === headOf(berlin, forged.slice(0, seq));
          expect(isSame).toBe(seq <= place);
        }
      }),
    );
  });

  test('ops left out, doubled, swapped or cut at another border change the hash', () => {
    fc.assert(
      fc.property(log, op, (ops, extra) => {
        const honest = headOf(berlin, ops);
        expect(headOf(berlin, [...ops, extra])).not.toBe(honest);
        expect(headOf(berlin, ops.slice(1))).not.toBe(honest);
        expect(headOf(berlin, ops.slice(0, -1))).not.toBe(honest);
        expect(headOf(berlin, [...ops, ...ops])).not.toBe(honest);
      }),
    );
    const [a, b, ab] = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(1, 2)];
    const heads = [[a, b], [b, a], [ab], [ab, new Uint8Array()], [a], []].map((ops) => headOf(berlin, ops));
    expect(new Set(heads).size).toBe(heads.length);
  });

  test('the same ops under another origin have other hashes', () => {
    fc.assert(
      fc.property(log, (ops) => {
        expect(headOf(berlin, ops)).not.toBe(headOf(tokyo, ops));
      }),
    );
  });

  test('the form is pinned: sha256 over a label and the origin, then over the hash before and the op', () => {
    const sha256 = (bytes: Uint8Array | string): Buffer => createHash('sha256').update(bytes).digest();
    const start = sha256(`anabranch-log-1${berlin}`);
    expect(headOf(berlin, [])).toBe(start.toString('hex'));
    expect(headOf(berlin, [])).toBe('2bc234f13584c40010d1040c0abcf937ed2d3b4fd3dca0fa12a14fd3a5722630');
    expect(headOf(berlin, [Uint8Array.of(1, 2)])).toBe(sha256(Buffer.concat([start, Uint8Array.of(1, 2)])).toString('hex'));
    expect(chainStart(hash, berlin)).toHaveLength(chainHashLength);
  });
});
