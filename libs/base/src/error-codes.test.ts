import { describe, expect, test } from 'vitest';
import { AnabranchError, AssertionError, assert, assertNever, type ErrorCode, errorCodes, isAnabranchError } from './index.ts';

const entries = Object.entries(errorCodes);

describe('the registry of errors', () => {
  test.each(entries)('%s can be shown: status, title, meaning', (code, { status, title, meaning }) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThanOrEqual(599);
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(meaning).toMatch(/^[A-Z].{10,}\.$/);
  });

  test('no two codes have one title or one meaning', () => {
    expect(new Set(entries.map(([, { title }]) => title)).size).toBe(entries.length);
    expect(new Set(entries.map(([, { meaning }]) => meaning)).size).toBe(entries.length);
  });

  test('the answers that ask a client to wait say that waiting may help', () => {
    const waiting: readonly number[] = [408, 503, 504];
    for (const [code, entry] of entries) if (waiting.includes(entry.status)) expect([code, entry.retryable]).toEqual([code, true]);
  });
});

describe('AnabranchError', () => {
  test('carries its code, its entry and details', () => {
    const error = new AnabranchError('op_gap', 'ops 4 to 6 are missing', { afterSeq: 3 });
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('AnabranchError');
    expect(error.entry).toBe(errorCodes.op_gap);
    expect(error.details).toEqual({ afterSeq: 3 });
    expect(new AnabranchError('op_gap', 'a gap').details).toEqual({});
  });

  test('is told from other errors, and by its code', () => {
    const error: unknown = new AnabranchError('overloaded', 'later');
    const other: ErrorCode = 'not_ready';
    expect(isAnabranchError(error)).toBe(true);
    expect(isAnabranchError(error, 'overloaded')).toBe(true);
    expect(isAnabranchError(error, other)).toBe(false);
    expect(isAnabranchError(new Error('overloaded'))).toBe(false);
    expect(isAnabranchError({ code: 'overloaded' })).toBe(false);
  });
});

describe('assert', () => {
  test('passes what is true, without making the message', () => {
    assert(true, () => {
      throw new Error('the message was made');
    });
  });

  test('stops at what is false, with the message', () => {
    expect(() => assert(false, 'seqs rise')).toThrow(new AssertionError('seqs rise'));
    expect(() => assert(false, () => 'seqs rise')).toThrow(new AssertionError('seqs rise'));
    expect(() => assertNever('other' as never)).toThrow(new AssertionError('unexpected value "other"'));
  });
});
