// What a single operation of an untrusted change must be like, whatever the document holds. The library takes more, and some
// of it makes documents that cannot be read, loaded or edited any more.

import { forbiddenKeys } from '@anabranch/base';
import type { DecodedChange } from '@automerge/automerge';
import { inspectionLimits as limits } from '../inspection-limits.ts';
import { invalid } from '../update-refusal.ts';
import { entriesId, textsId } from './first-change.ts';

export type Operation = DecodedChange['ops'][number] & { readonly elemId?: string; readonly insert?: boolean };

/** Actions by what they need. Tables of old are not read by the library any more. */
const writing: ReadonlySet<string> = new Set(['set', 'makeMap', 'makeList', 'makeText']);
const replacing: ReadonlySet<string> = new Set(['del', 'inc']);
const marking: ReadonlySet<string> = new Set(['markBegin', 'markEnd']);

/** @throws AnabranchError `update_invalid` */
export function checkOperation(op: Operation): void {
  const { action, elemId, insert: isInsert = false, pred } = op;
  if (!writing.has(action) && !replacing.has(action) && !marking.has(action)) throw invalid('an operation is of no known kind');
  if (elemId === undefined && !isAllowedKey(op.key)) throw invalid('a key is not allowed');
  if (isInsert && (elemId === undefined || pred.length > 0)) throw invalid('an insertion replaces nothing');
  if (!isInsert && (elemId === '_head' || marking.has(action))) throw invalid('an operation has no place');
  if (replacing.has(action) && (isInsert || pred.length === 0)) throw invalid('an operation replaces what it does not name');
  if (pred.length > 1 && new Set(pred).size < pred.length) throw invalid('an operation names another twice');
}

/** A typed document is two maps for ever: entries are values in one, texts come to the other by their own changes. */
export function checkFrame(op: Operation): void {
  if (op.obj === '_root' || op.obj === textsId) throw invalid('an operation changes the frame of a typed document');
  if (op.obj === entriesId && op.action.startsWith('make')) throw invalid('entries of a typed document are not objects');
}

export function isAllowedKey(key: string): boolean {
  return key !== '' && key.length <= limits.keyUnitsMax && !forbiddenKeys.has(key);
}

/** The operations that an operation builds on: what made its object, what it replaces, the element it stands at or behind. */
export function namedBy({ obj, elemId, pred }: Operation): readonly string[] {
  const named = elemId === undefined || elemId === '_head' ? pred : [elemId, ...pred];
  return obj === '_root' ? named : [obj, ...named];
}
