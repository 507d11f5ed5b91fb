/**
 * Text for a terminal: escapes every character that a terminal obeys (C0 and C1 controls), that ends a line, or that is not seen
 * and changes how others are shown, as JSON does with some of them.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
