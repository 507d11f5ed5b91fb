// Updates as a client makes them that writes to the flat entries itself.

import * as Automerge from '@automerge/automerge';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { entriesId } from '../automerge/first-change.ts';
import { createDocument } from '../create-document.ts';
import type { Library } from '../schema.ts';
import type { DepotReplica } from './bounded-replica.ts';

/** Writes them all. */
export const writeAll =
  (entries: readonly (readonly [key: string, text: string])[]) =>
  (put: Put): void => {
    for (const [key, text] of entries) put(key, text);
  };

let clients = 0;

export type Put = (key: string, text: string | undefined) => void;

/** What a client writes to the flat entries itself, knowing what `known` holds. */
export function forge(library: Library, known: DepotReplica | undefined, write: (put: Put) => void): Uint8Array {
  return library === 'yjs' ? forgeYjs(known, write) : forgeAutomerge(known, write);
}

function forgeYjs(known: DepotReplica | undefined, write: (put: Put) => void): Uint8Array {
  const client = new Y.Doc();
  if (known !== undefined) Y.applyUpdate(client, known.document.encodeState());
  // Lower than every region's: what is concurrent loses.
  client.clientID = ++clients;
  const before = Y.encodeStateVector(client);
  const entries = client.getMap('f');
  client.transact(() => write((key, text) => (text === undefined ? entries.delete(key) : entries.set(key, text))));
  return Y.encodeStateAsUpdate(client, before);
}

function forgeAutomerge(known: DepotReplica | undefined, write: (put: Put) => void): Uint8Array {
  const actor = String(++clients).padStart(32, 'b');
  const empty = createDocument(
    { library: 'automerge', schema: { type: 'object', fields: {} } },
    { yjsClientId: 2 ** 40, automergeActor: actor },
  );
  const client = Automerge.getBackend(Automerge.load((known?.document ?? empty).encodeState(), { actor }));
  write((key, text) => {
    if (text === undefined) client.delete(entriesId, key);
    else client.put(entriesId, key, `!${text}`, 'str');
  });
  client.commit(null, 0);
  // The library itself does not write what is there already; a forger does.
  const change = Automerge.decodeChange(client.getLastLocalChange() ?? new Uint8Array());
  const ops = change.ops.map((op) => ('value' in op && typeof op.value === 'string' ? { ...op, value: op.value.slice(1) } : op));
  return Automerge.encodeChange({ ...change, ops });
}

/** One Yjs item with a text, between two others that tell where it is. */
export function itemBetween(left: Y.ID | undefined, right: Y.ID | undefined): Uint8Array {
  const encoder = encoding.createEncoder();
  for (const number of [1, 1, ++clients, 0]) encoding.writeVarUint(encoder, number);
  encoding.writeUint8(encoder, 8 | (left === undefined ? 0 : 0x80) | (right === undefined ? 0 : 0x40));
  for (const id of [left, right]) {
    if (id === undefined) continue;
    encoding.writeVarUint(encoder, id.client);
    encoding.writeVarUint(encoder, id.clock);
  }
  encoding.writeVarUint(encoder, 1);
  encoding.writeAny(encoder, '9 0');
  encoding.writeVarUint(encoder, 0);
  return encoding.toUint8Array(encoder);
}
