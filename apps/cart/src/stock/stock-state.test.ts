import { describe, expect, test } from 'vitest';
import { shortageText, stockStateOf, stockText } from './stock-state.ts';

describe('stock', () => {
  test.each([
    [undefined, 'unknown', 'Stock not known yet'],
    [0, 'sold-out', 'Sold out'],
    [1, 'few', 'Last one'],
    [4, 'few', 'Only 4 left'],
    [5, 'available', '5 in stock'],
  ])('[SHOP5] %s units are %s', (units, state, text) => {
    expect(stockStateOf(units).state).toBe(state);
    expect(stockText(stockStateOf(units))).toBe(text);
  });

  test('[SHOP5] a line that asks for more than there is says so', () => {
    expect(shortageText(2, 2)).toBeUndefined();
    expect(shortageText(3, undefined)).toBeUndefined();
    expect(shortageText(3, 2)).toBe('Only 2 left');
    expect(shortageText(1, 0)).toBe('Sold out meanwhile');
  });
});
