import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type OriginId, VersionVector } from './index.ts';
import { origin, vector } from './testing/arbitrary-vector.ts';

const berlin = 'berlin.000000000001' as OriginId;
const tokyo = 'tokyo.000000000002' as OriginId;

const of = (berlinSeq: number, tokyoSeq: number): VersionVector =>
  VersionVector.of([
    [berlin, berlinSeq],
    [tokyo, tokyoSeq],
  ]);

describe('[ORDER1] version vectors are a partial order', () => {
  test('reflexive, and antisymmetric: two that cover each other are equal', () => {
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        expect(a.covers(a)).toBe(true);
        expect(a.covers(b) && b.covers(a)).toBe(a.equals(b));
      }),
    );
  });

  test('transitive', () => {
    fc.assert(
      fc.property(vector, vector, vector, (a, b, c) => {
        // Random triples rarely are chains: the merges make one of any three.
        const [ab, abc] = [a.merge(b), a.merge(b).merge(c)];
        expect(ab.covers(a) && abc.covers(ab) && abc.covers(a)).toBe(true);
        if (a.covers(b) && b.covers(c)) expect(a.covers(c)).toBe(true);
      }),
    );
  });

  test('compare names the four relations, seen from both sides', () => {
    const opposite = { equal: 'equal', before: 'after', after: 'before', concurrent: 'concurrent' } as const;
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        expect(b.compare(a)).toBe(opposite[a.compare(b)]);
        expect(a.compare(b) === 'equal').toBe(a.equals(b));
      }),
    );
    expect(of(1, 2).compare(of(1, 2))).toBe('equal');
    expect(of(1, 2).compare(of(1, 3))).toBe('before');
    expect(of(1, 0).compare(VersionVector.empty)).toBe('after');
    expect(of(2, 1).compare(of(1, 2))).toBe('concurrent');
  });
});

describe('[ORDER1] merge is the least upper bound', () => {
  test('it covers both, and everything that covers both covers it', () => {
    fc.assert(
      fc.property(vector, vector, vector, (a, b, c) => {
        const least = a.merge(b);
        expect(least.covers(a) && least.covers(b)).toBe(true);
        for (const bound of [c, c.merge(a).merge(b)]) {
          if (bound.covers(a) && bound.covers(b)) expect(bound.covers(least)).toBe(true);
        }
      }),
    );
  });

  test('commutative, associative, idempotent, with the empty vector as zero', () => {
    fc.assert(
      fc.property(vector, vector, vector, (a, b, c) => {
        expect(a.merge(b).equals(b.merge(a))).toBe(true);
        expect(
          a
            .merge(b)
            .merge(c)
            .equals(a.merge(b.merge(c))),
        ).toBe(true);
        expect(a.merge(a).equals(a)).toBe(true);
        expect(a.merge(VersionVector.empty).equals(a)).toBe(true);
      }),
    );
  });
});

describe('a version vector', () => {
  test('counts what it does not name as 0, and keeps no zeros', () => {
    expect(of(0, 4).size).toBe(1);
    expect(of(0, 4).get(berlin)).toBe(0);
    expect(of(0, 0)).toBe(VersionVector.empty);
    expect(of(0, 4).with(berlin, 0).size).toBe(1);
  });

  test('takes the greatest of several entries of one origin, in any order', () => {
    for (const seqs of [
      [3, 7],
      [7, 3],
    ]) {
      expect(VersionVector.of(seqs.map((seq) => [berlin, seq] as const)).get(berlin)).toBe(7);
    }
  });

  test('is raised by with(), never lowered, and does not change itself', () => {
    fc.assert(
      fc.property(vector, origin, fc.nat(50), (before, raised, seq) => {
        const json = JSON.stringify(before);
        const after = before.with(raised, seq);
        expect(after.equals(before.merge(VersionVector.of([[raised, seq]])))).toBe(true);
        expect(JSON.stringify(before)).toBe(json);
      }),
    );
  });

  test('lists its entries by origin, whatever the order they came in', () => {
    fc.assert(
      fc.property(vector, (value) => {
        const shuffled = VersionVector.of(value.entries().reverse());
        expect(JSON.stringify(shuffled)).toBe(JSON.stringify(value));
        expect([...value.origins()].sort()).toEqual(value.entries().map(([name]) => name));
      }),
    );
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('stops at the impossible seq %d', (seq) => {
    expect(() => VersionVector.of([[berlin, seq]])).toThrow('a seq is a whole number');
    expect(() => VersionVector.empty.with(berlin, seq)).toThrow('a seq is a whole number');
  });
});
