import { describe, expect, test } from 'vitest';
import { judge } from './store-image.ts';

const intact = { 'document carts/a': 'hash-1', 'document carts/b': 'hash-2', 'op berlin.1 1': 'hash-3' };

describe('[FAULT7] the judgement of a damaged store', () => {
  test('tells damage that is refused with a code from none', () => {
    expect(judge(intact, { answers: intact })).toEqual({ verdict: 'intact', details: [] });
    expect(judge(intact, { answers: { ...intact, 'op berlin.1 1': 'code: record_damaged' } })).toEqual({
      verdict: 'detected',
      details: ['op berlin.1 1: code: record_damaged'],
    });
    expect(judge(intact, { refused: 'code: store_failed' }).verdict).toBe('refused');
  });

  test('finds an answer that is another, or missing, beside any number of refusals', () => {
    const damaged = { ...intact, 'document carts/b': 'code: record_damaged' };
    expect(judge(intact, { answers: { ...damaged, 'document carts/a': 'hash-9' } })).toEqual({
      verdict: 'silent',
      details: ['document carts/a: hash-9'],
    });
    const { 'op berlin.1 1': _missing, ...others } = damaged;
    expect(judge(intact, { answers: others }).verdict).toBe('silent');
  });

  test('finds errors without a code, and readers that were ended', () => {
    expect(judge(intact, { answers: { ...intact, 'document carts/a': 'error: MDB_CORRUPTED' } }).verdict).toBe('uncoded');
    expect(judge(intact, { refused: 'error: Invalid argument' }).verdict).toBe('uncoded');
    expect(judge(intact, { crashed: 'SIGSEGV' }).verdict).toBe('crashed');
  });
});
