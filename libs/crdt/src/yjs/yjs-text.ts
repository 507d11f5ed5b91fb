// Y.Text as a string whose positions agree with Y.Text's own: each embedded object counts as one unit, U+FFFC.

import * as Y from 'yjs';

export const objectReplacement = '\ufffc';

export function textOf(text: Y.Text): string {
  const plain = text.toString();
  if (plain.length === text.length) return plain;
  let whole = '';
  for (let item = text._start; item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue;
    whole += item.content instanceof Y.ContentString ? item.content.str : objectReplacement.repeat(item.length);
  }
  return whole;
}
