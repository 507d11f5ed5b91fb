import { encodeUtf8, isAnabranchError } from '@anabranch/base';
import { ManualClock } from '@anabranch/base/testing';
import { describe, expect, test } from 'vitest';
import { mediaTypes } from '../http/media-type.ts';
import { CartDocument, cartCollection } from '../testing/cart-collection.ts';
import { planPatch } from './patch-formats.ts';
import type { PlannedOps } from './patch-plan.ts';

function plan(mediaType: string, body: unknown, stock = 0): PlannedOps['ops'] | string {
  const document = new CartDocument('yjs');
  document.edit({ op: 'increment', path: '/stock', by: stock });
  try {
    return planPatch(mediaType, cartCollection('yjs'), encodeUtf8(JSON.stringify(body)), new ManualClock())(document.crdt.json()).ops;
  } catch (error) {
    if (isAnabranchError(error)) return error.code;
    throw error;
  }
}

describe('patches of bounded counters', () => {
  test('[BOUND9] moving rights is no operation of a client', () => {
    for (const op of [
      { op: 'transfer', path: '/stock', to: 'tokyo.000000000001', down: 1 },
      { op: 'takeOver', path: '/stock', from: 'tokyo.000000000001' },
    ]) {
      expect(plan(mediaTypes.ops, [op])).toBe('op_invalid');
    }
  });

  test('[BOUND10] operations count in whole numbers', () => {
    for (const by of [1, Number.MAX_SAFE_INTEGER]) {
      const ops = [{ op: 'decrement', path: '/stock', by }];
      expect(plan(mediaTypes.ops, ops)).toEqual(ops);
    }
    for (const by of [0, -1, 1.5, 2 ** 53, '1', null])
      expect(plan(mediaTypes.ops, [{ op: 'decrement', path: '/stock', by }])).toBe('op_invalid');
    for (const by of [1.5, 2 ** 53, '1', null]) expect(plan(mediaTypes.ops, [{ op: 'increment', path: '/stock', by }])).toBe('op_invalid');
  });

  test('[BOUND13] a patch sets no bounded counter, but may name its present value', () => {
    expect(plan(mediaTypes.mergePatch, { stock: 5, status: 'x' }, 4)).toBe('type_mismatch');
    expect(plan(mediaTypes.mergePatch, { stock: 4 }, 4)).toEqual([]);
    expect(plan(mediaTypes.mergePatch, { stock: null }, 4)).toEqual([{ op: 'clear', path: '/stock' }]);
    for (const op of ['add', 'replace']) {
      expect(plan(mediaTypes.jsonPatch, [{ op, path: '/stock', value: 3 }], 4)).toBe('type_mismatch');
      expect(plan(mediaTypes.jsonPatch, [{ op, path: '/stock', value: 4 }], 4)).toEqual([]);
    }
    expect(plan(mediaTypes.jsonPatch, [{ op: 'test', path: '/stock', value: 3 }], 4)).toBe('patch_test_failed');
    expect(plan(mediaTypes.jsonPatch, [{ op: 'remove', path: '/stock' }], 4)).toEqual([{ op: 'clear', path: '/stock' }]);
  });
});
