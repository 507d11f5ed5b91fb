import type { DocumentOp } from '@anabranch/client';

/**
 * The operations that make one text of another: what differs between the common start and the common end. Positions count
 * UTF-16 units, and no surrogate pair is cut.
 */
export function textEdit(path: string, before: string, after: string): DocumentOp[] {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  if (isInsidePair(before, start) || isInsidePair(after, start)) start -= 1;
  let [beforeEnd, afterEnd] = [before.length, after.length];
  while (beforeEnd > start && afterEnd > start && before[beforeEnd - 1] === after[afterEnd - 1]) {
    beforeEnd -= 1;
    afterEnd -= 1;
  }
  if (isInsidePair(before, beforeEnd) || isInsidePair(after, afterEnd)) {
    beforeEnd += 1;
    afterEnd += 1;
  }
  const ops: DocumentOp[] = [];
  if (beforeEnd > start) ops.push({ op: 'delete', path, index: start, length: beforeEnd - start });
  if (afterEnd > start) ops.push({ op: 'insert', path, index: start, text: after.slice(start, afterEnd) });
  return ops;
}

function isInsidePair(text: string, at: number): boolean {
  return isBetween(text.charCodeAt(at - 1), 0xd800, 0xdbff) && isBetween(text.charCodeAt(at), 0xdc00, 0xdfff);
}

function isBetween(unit: number, min: number, max: number): boolean {
  return unit >= min && unit <= max;
}
