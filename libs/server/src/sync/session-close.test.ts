import { type ErrorCode, errorCodes } from '@anabranch/base';
import { describe, expect, test } from 'vitest';
import { closeCodeOf } from './session-close.ts';

describe('close codes of sync sessions', () => {
  test('every error of the registry has one that clients understand', () => {
    for (const [code, { status, retryable }] of Object.entries(errorCodes)) {
      const closeCode = closeCodeOf(code as ErrorCode);
      const isForGood = closeCode >= 4400 && closeCode <= 4499;
      expect(isForGood || [1009, 1011, 1013].includes(closeCode)).toBe(true);
      // y-websocket clients never come back after 4400-4499.
      if (retryable) expect(isForGood).toBe(false);
      if (isForGood) expect(closeCode).toBe(4000 + status);
    }
  });

  test.each([
    ['update_invalid', 4422],
    ['collection_not_found', 4404],
    ['frame_invalid', 4400],
    ['request_too_large', 1009],
    ['document_too_large', 1009],
    ['overloaded', 1013],
    ['not_ready', 1013],
    ['update_incomplete', 1013],
    ['store_failed', 1013],
    ['internal_error', 1011],
  ] satisfies Array<[ErrorCode, number]>)('%s closes with %i', (code, expected) => {
    expect(closeCodeOf(code)).toBe(expected);
  });
});
