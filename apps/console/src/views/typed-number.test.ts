import { expect, test } from 'vitest';
import { boundsText, numberTyped } from './typed-number.ts';

const bounds = { min: 1, max: 60 };

test.each(['', ' ', '0', '-3', '61', '5000', '12.5', '1e1', '0x10', 'ten', '1 2', '9999999999'])(
  '[CONSOLE2] %j is refused, not guessed',
  (text) => {
    expect(numberTyped(text, bounds)).toBeUndefined();
  },
);

test.each([
  ['1', 1],
  ['60', 60],
  [' 15 ', 15],
])('[CONSOLE2] %j is taken as it is', (text, number) => {
  expect(numberTyped(text, bounds)).toBe(number);
  expect(boundsText(bounds)).toBe('a whole number from 1 to 60');
});
