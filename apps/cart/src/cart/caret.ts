/** Where a caret stands after a text was replaced by another: with the characters it stood behind. */
export function caretAfter(before: string, after: string, caret: number): number {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  if (caret <= start) return caret;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  if (caret >= before.length - end) return caret + after.length - before.length;
  return Math.min(caret, after.length - end);
}
