// Paths of operations (JSON pointers, RFC 6901) and the keys of the flat map. A flat key is a list of parts joined by
// `/`, each part escaped as a pointer segment is (`~` -> `~0`, `/` -> `~1`): joining and splitting are exact inverses, so
// two different lists never share a key. The leading parts are the field's path, the others belong to the field's type;
// the schema tells where one ends and the other begins.
//
//   items/sku-1/qty/berlin.5f0c12ab90de/1z     counter `/items/sku-1/qty`, contribution of one writer, dot 1z
//   coupons/"SAVE10"/tokyo.00aa11bb22cc        set `/coupons`, element "SAVE10", one writer
//   /berlin.5f0c12ab90de                       existence of the document: no field has an empty name

export function escapePart(part: string): string {
  return part.includes('~') || part.includes('/') ? part.replaceAll('~', '~0').replaceAll('/', '~1') : part;
}

/** Undoes {@link escapePart}; undefined for a text it never writes. */
export function unescapePart(text: string): string | undefined {
  if (!text.includes('~')) return text;
  if (/~(?![01])/.test(text)) return undefined;
  return text.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** The parts of a flat key, or undefined when no list of parts joins to it. */
export function splitParts(key: string): string[] | undefined {
  const parts = key.split('/');
  if (!key.includes('~')) return parts;
  const plain: string[] = [];
  for (const part of parts) {
    const unescaped = unescapePart(part);
    if (unescaped === undefined) return undefined;
    plain.push(unescaped);
  }
  return plain;
}

/** The segments of a JSON pointer; undefined when it is not one. */
export function parsePointer(path: string): string[] | undefined {
  if (path === '') return [];
  return path.startsWith('/') ? splitParts(path.slice(1)) : undefined;
}
