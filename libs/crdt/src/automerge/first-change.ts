// The changes every replica makes alike, so that what several replicas create concurrently is one object on all of them:
//
//   first change    {f: {}, t: {}}: `f` holds the flat entries, `t` the texts. Kept as bytes, so that no later version
//                   of the library can encode it otherwise.
//   text creation   t[key] = '' by an actor derived from the key, directly after the first change, at time 0. Replicas
//                   that create a text at the same time create the identical change, which merges as one.

import { assert, decodeUtf8, encodeUtf8, fromHex, toHex } from '@anabranch/base';
import { getBackend, init } from '@automerge/automerge';

/** The actor of the first change. */
export const firstActor = '00'.repeat(16);
/** Object ids of the two roots: operations 1 and 2 of the first actor. */
export const entriesId = `1@${firstActor}`;
export const textsId = `2@${firstActor}`;

const firstChangeHex = '856f4a833d3ee1e6012e001000000000000000000000000000000000010100000005150534014202560270027e0166017402020002000200';

export function firstChange(): Uint8Array {
  const bytes = fromHex(firstChangeHex);
  assert(bytes !== undefined, 'the first change is hex');
  return bytes;
}

/** The actor that creates the text of a field: the field's key itself, so different texts have different actors. */
export function textActorOf(key: string): string {
  return toHex(encodeUtf8(`t:${key}`));
}

/** Whether an actor has the form of one that creates texts; a drawn one has it by chance once in millions. */
export function isTextActor(actor: string): boolean {
  if (!actor.startsWith(toHex(encodeUtf8('t:')))) return false;
  const bytes = fromHex(actor);
  try {
    return bytes !== undefined && textActorOf(decodeUtf8(bytes).slice(2)) === actor;
  } catch {
    return false;
  }
}

/** The change that creates the text of a field: the same bytes on every replica. */
export function textCreation(key: string): Uint8Array {
  const handle = getBackend(init({ actor: textActorOf(key) }));
  handle.applyChanges([firstChange()]);
  handle.putObject(textsId, key, '');
  handle.commit(null, 0);
  const change = handle.getLastLocalChange();
  handle.free();
  assert(change !== null, 'creating a text is a change');
  return change;
}
