// The shape of operations, before anything is known of the document: a caller hands over parsed JSON of any form.
// What passes has exactly the members of its operation, each of the right JSON type.

import type { ErrorCode } from '@anabranch/base';
import type { DocumentOp } from './document-op.ts';

const namedPathUnitsMax = 1_024;

type MemberKind = 'integer' | 'string' | 'value';

/** Members of each operation besides `op` and `path`; `?` marks optional ones. */
const members: Readonly<Record<DocumentOp['op'], Readonly<Record<string, MemberKind | `${MemberKind}?`>>>> = {
  set: { value: 'value' },
  clear: {},
  increment: { by: 'integer' },
  decrement: { by: 'integer' },
  add: { value: 'value' },
  enable: {},
  disable: {},
  remove: { value: 'value?', index: 'integer?' },
  insert: { index: 'integer', value: 'value?', text: 'string?' },
  move: { from: 'integer', to: 'integer' },
  delete: { index: 'integer', length: 'integer' },
};

/** The same as lists, made once: every operation of every edit passes here. */
const memberLists = new Map(Object.entries(members).map(([op, kinds]) => [op, Object.entries(kinds)]));

/** The path a refusal of `candidate` names, whatever it is; cut where it is too long to be one. */
export function pathOfOp(candidate: unknown): string {
  return isRecord(candidate) && typeof candidate['path'] === 'string' ? candidate['path'].slice(0, namedPathUnitsMax) : '';
}

/** Narrows `candidate` to an operation, or says why it is none. */
export function readOpShape(candidate: unknown): DocumentOp | { readonly code: ErrorCode; readonly message: string } {
  if (!isRecord(candidate)) return invalid('an operation is an object');
  const { op, path } = candidate;
  if (!isOpName(op)) return invalid('the operation is not in the vocabulary');
  if (typeof path !== 'string') return invalid('path is not a string');
  const allowed = members[op];
  for (const name of Object.keys(candidate)) {
    if (name !== 'op' && name !== 'path' && !Object.hasOwn(allowed, name)) return invalid(`${op} takes no member ${name.slice(0, 64)}`);
  }
  for (const [name, kind] of memberLists.get(op) ?? []) {
    const fault = faultOf(kind, Object.hasOwn(candidate, name) ? candidate[name] : undefined);
    if (fault !== undefined) return invalid(`member ${name} of ${op} ${fault}`);
  }
  // Every member was checked against the table above.
  return candidate as DocumentOp;
}

function faultOf(kind: string, value: unknown): string | undefined {
  if (value === undefined) return kind.endsWith('?') ? undefined : 'is missing';
  if (kind.startsWith('integer') && !Number.isSafeInteger(value)) return 'is not an integer of at most 2^53 - 1';
  return kind.startsWith('string') && typeof value !== 'string' ? 'is not a string' : undefined;
}

function invalid(message: string): { code: ErrorCode; message: string } {
  return { code: 'op_invalid', message };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOpName(value: unknown): value is DocumentOp['op'] {
  return typeof value === 'string' && Object.hasOwn(members, value);
}
