// What updates of the two libraries hold, read with the raw libraries: the characters that an edit wrote into texts and
// took out of them. Yjs names characters by (client, clock), Automerge by the number of the operation and its actor.

import * as A from '@automerge/automerge';
import * as Y from 'yjs';

const chunkHeaderBytes = 9;

/** The chunks of an Automerge update, one after the other: magic, checksum, type, then the length in LEB128. */
function splitChunks(update: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < update.length; ) {
    let at = start + chunkHeaderBytes;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = update[at++] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    chunks.push(update.subarray(start, at + length));
    start = at + length;
  }
  return chunks;
}

/** The characters of one document, by their names in its library. Updates are taken in causal order. */
export class CharacterTable {
  readonly #library: string;
  readonly #names = new Map<string, string>();

  constructor(library: string) {
    this.#library = library;
  }

  /** Notes what the update inserts, and returns what it deletes of what was noted before. */
  take(update: Uint8Array): string {
    return this.#library === 'yjs'
      ? this.#takeYjs(update)
      : splitChunks(update)
          .map((chunk) => this.#takeChange(chunk))
          .join('');
  }

  #takeYjs(update: Uint8Array): string {
    const { structs, ds } = Y.decodeUpdate(update);
    for (const struct of structs) {
      if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentString)) continue;
      const { client, clock } = struct.id;
      for (const [nth, unit] of [...struct.content.str].flatMap((char) => char.split('')).entries()) {
        this.#names.set(`${client} ${clock + nth}`, unit);
      }
    }
    let deleted = '';
    for (const [client, ranges] of ds.clients) {
      for (const { clock, len } of ranges) {
        for (let at = clock; at < clock + len; at++) deleted += this.#names.get(`${client} ${at}`) ?? '';
      }
    }
    return deleted;
  }

  #takeChange(chunk: Uint8Array): string {
    const { ops, actor, startOp } = A.decodeChange(chunk);
    let deleted = '';
    for (const [nth, op] of ops.entries()) {
      if (op.action === 'set' && 'insert' in op && typeof op.value === 'string') this.#names.set(`${startOp + nth}@${actor}`, op.value);
      if (op.action === 'del') for (const name of op.pred) deleted += this.#names.get(name) ?? '';
    }
    return deleted;
  }
}
