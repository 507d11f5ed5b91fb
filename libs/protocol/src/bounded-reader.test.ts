import { encodeUtf8 } from '@anabranch/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BoundedReader, ByteWriter } from './index.ts';
import { uint } from './testing/arbitrary-op.ts';
import { refusalOf } from './testing/refusal.ts';

function readerOf(...bytes: number[]): BoundedReader {
  return new BoundedReader(Uint8Array.from(bytes));
}

const greatest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];

describe('[WIRE2] a number has one form', () => {
  test('which is read as what was written, and takes its bytes only', () => {
    fc.assert(
      fc.property(uint, (value) => {
        const reader = new BoundedReader(new ByteWriter().uint(value).byte(7).finish());
        expect(reader.uint()).toBe(value);
        expect(reader.byte()).toBe(7);
        reader.end();
      }),
    );
    expect(readerOf(...greatest).uint()).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('any other bytes are refused', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), { maxLength: 12 }), (bytes) => {
        const reader = readerOf(...bytes);
        if (refusalOf(() => reader.uint()) !== undefined) return;
        const again = readerOf(...bytes);
        const form = new ByteWriter().uint(again.uint()).finish();
        expect([...form]).toEqual(bytes.slice(0, bytes.length - again.remaining));
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ['nothing', []],
    ['a cut number', [0x80]],
    ['zero in two bytes', [0x80, 0]],
    ['one in three bytes', [0x81, 0x80, 0]],
    ['2^53', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['the greatest in nine bytes', [...greatest.slice(0, 7), 0x8f, 0]],
    ['padding of which careless arithmetic makes NaN', [...new Array<number>(150).fill(0x80), 1]],
    ['padding without end', new Array<number>(1_000).fill(0x80)],
  ])('%s is refused', (_, bytes) => {
    expect(refusalOf(() => readerOf(...bytes).uint())).toBe('frame_invalid');
  });

  test('padding costs no more than the bytes of the greatest number, however much of it there is', () => {
    const reader = readerOf(...new Array<number>(1_000).fill(0x80));
    expect(refusalOf(() => reader.uint())).toBe('frame_invalid');
    expect(reader.remaining).toBe(1_000 - greatest.length);
  });

  test('[WIRE4] the limit of a field is taken, one more is refused', () => {
    expect(readerOf(200, 1).uint(200)).toBe(200);
    expect(refusalOf(() => readerOf(201, 1).uint(200))).toBe('frame_invalid');
  });
});

describe('[WIRE2] bytes and texts', () => {
  test('are not read past the end of a view, whatever lies behind it', () => {
    const shared = new Uint8Array(64).fill(1);
    shared.set([3, 0x61, 0x62, 0x63], 20);
    const cut = (end: number): BoundedReader => new BoundedReader(shared.subarray(20, end));
    expect(cut(24).text(3)).toBe('abc');
    for (let end = 20; end < 24; end++) expect(refusalOf(() => cut(end).text(3))).toBe('frame_invalid');
    expect(refusalOf(() => cut(20).byte())).toBe('frame_invalid');
    expect(refusalOf(() => cut(23).bytes(4))).toBe('frame_invalid');
    expect(refusalOf(() => new BoundedReader(shared.subarray(20, 22)).sizedBytes(99))).toBe('frame_invalid');
  });

  test('are views of what was read, with the positions of the view', () => {
    const shared = Uint8Array.from([9, 9, 2, 5, 6, 9]);
    const view = new BoundedReader(shared.subarray(2, 5)).sizedBytes(2);
    expect([...view]).toEqual([5, 6]);
    expect(view.buffer).toBe(shared.buffer);
  });

  test('[WIRE4] have a limit in bytes, which is taken, and one more is refused', () => {
    const euros = new ByteWriter().text('\u20ac\u20ac').finish();
    expect(new BoundedReader(euros).text(6)).toBe('\u20ac\u20ac');
    expect(refusalOf(() => new BoundedReader(euros).text(5))).toBe('frame_invalid');
    expect(new BoundedReader(euros).sizedBytes(6)).toHaveLength(6);
    expect(refusalOf(() => new BoundedReader(euros).sizedBytes(5))).toBe('frame_invalid');
  });

  test('that are no UTF-8 are refused as texts; a byte order mark is kept', () => {
    expect(refusalOf(() => readerOf(2, 0xc3, 0x28).text(9))).toBe('frame_invalid');
    expect(readerOf(4, 0xef, 0xbb, 0xbf, 0x61).text(9)).toBe('\ufeffa');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (text) => {
        expect(new BoundedReader(new ByteWriter().text(text).finish()).text(encodeUtf8(text).length)).toBe(text);
      }),
    );
  });
});

describe('[WIRE2] a list', () => {
  test('makes room for the items that are there, not for those that are announced', () => {
    let reads = 0;
    const reader = readerOf(0xff, 0xff, 0xff, 0x7f, 1, 2, 3);
    const readItem = (): number => {
      reads += 1;
      return reader.byte();
    };
    expect(refusalOf(() => reader.list(2 ** 30, readItem))).toBe('frame_invalid');
    expect(reads).toBe(4);
  });

  test('[WIRE4] holds as many items as its limit, not one more', () => {
    const listOf = (count: number): number[] => {
      const reader = readerOf(count, ...new Array<number>(count).fill(5));
      return reader.list(3, () => reader.byte());
    };
    expect(listOf(3)).toEqual([5, 5, 5]);
    expect(listOf(0)).toEqual([]);
    expect(refusalOf(() => listOf(4))).toBe('frame_invalid');
  });
});

describe('the writer', () => {
  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('does not write %d as another number', (value) => {
    expect(() => new ByteWriter().uint(value)).toThrow('is not a whole number');
  });

  test.each([-1, 256, 0.5])('does not write %d as a byte', (value) => {
    expect(() => new ByteWriter().byte(value)).toThrow('is not a byte');
  });

  test('does not write bytes of another length than their reader takes', () => {
    expect(() => new ByteWriter().bytes(new Uint8Array(31), 32)).toThrow('31 bytes stand where 32 belong');
  });
});
