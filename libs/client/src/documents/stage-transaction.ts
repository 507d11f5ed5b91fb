// Applies the operations of one write to its documents, all or none.
//
//   check --> rehearse each typed document --> edit the freeform one --> edit the typed ones
//
// Invariant: what a typed document would refuse is known before anything is changed, and a freeform one changes nothing when it
//            refuses; so there is at most one of these, and it comes first. Its observers, whom the library calls, change none of the
//            typed ones meanwhile.

import { AnabranchError, isAnabranchError } from '@anabranch/base';
import type { Hlc } from '@anabranch/causality';
import type { CollectionSchema, DocumentOp } from '@anabranch/crdt';
import { type DocumentId, type DocumentUpdate, opBytesMax, opWritesMax, updateBytesMax } from '@anabranch/protocol';
import type { WriteDescription } from '../store/client-store.ts';
import { fieldAt } from './field-at.ts';
import type { LocalDocument } from './local-document.ts';

export interface StagedWrite {
  readonly document: LocalDocument;
  readonly ops: readonly DocumentOp[];
}

export interface StagedTransaction {
  /** Of the documents that changed. */
  readonly updates: readonly DocumentUpdate[];
  readonly described: readonly WriteDescription[];
}

/** @throws AnabranchError as ClientDocument.edit; details name the `writeIndex` when there are several. */
export function stageTransaction(
  writes: readonly StagedWrite[],
  hlc: Hlc,
  collectionOf: (document: DocumentId) => CollectionSchema,
): StagedTransaction {
  const freeform = writes.filter(({ document }) => !document.crdt.isTyped);
  if (new Set(writes.map(({ document }) => document)).size < writes.length || freeform.length > 1) {
    throw new AnabranchError('op_invalid', 'a transaction names each document once, and at most one freeform one');
  }
  if (writes.length > opWritesMax) {
    throw new AnabranchError('op_invalid', `a transaction writes ${writes.length} documents, ${opWritesMax} are taken`);
  }
  const prepared = writes.map((write, at) => ({ ...write, author: write.document.nextAuthor(hlc), at }));
  const inWrite = <T>(at: number, act: () => T): T => (writes.length === 1 ? act() : naming(at, act));
  for (const { document, ops, author, at } of prepared) {
    inWrite(at, () => {
      refuseBounded(collectionOf(document.name), ops);
      document.change((crdt) => crdt.rehearse(author, ops));
    });
  }
  const updates: DocumentUpdate[] = [];
  const edit = ({ document, ops, author, at }: (typeof prepared)[number]): void => {
    const update = inWrite(at, () => document.change((crdt) => crdt.edit(author, ops)));
    if (update !== undefined) updates.push({ document: document.name, update });
  };
  const typed = prepared.filter(({ document }) => document.crdt.isTyped);
  const others = prepared.filter(({ document }) => !document.crdt.isTyped);
  const held = typed.map(({ document }) => document);
  holding(held, () => others.forEach(edit));
  typed.forEach(edit);
  const described = writes.map(({ document, ops }) => ({ document: document.name, ops: JSON.stringify(ops) }));
  return { updates, described };
}

/** Nobody changes the documents while `act` lasts. */
function holding(documents: readonly LocalDocument[], act: () => void): void {
  const [first, ...others] = documents;
  if (first === undefined) act();
  else first.hold(() => holding(others, act));
}

/** Bytes of an op beside its updates: names, lengths, vectors. */
const opOverheadBytes: number = 128 << 10;

/** Why regions would not take updates as one op, or undefined. It shows when they are made: the documents have changed by then. */
export function sizeFault(updates: readonly DocumentUpdate[]): AnabranchError | undefined {
  const sizes = updates.map(({ update }) => update.length);
  const largest = Math.max(0, ...sizes);
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  if (largest > updateBytesMax) {
    return new AnabranchError('request_too_large', `the write makes an update of ${largest} bytes, ${updateBytesMax} are taken`);
  }
  const wholeMax = opBytesMax - opOverheadBytes;
  if (whole <= wholeMax) return undefined;
  return new AnabranchError('request_too_large', `the write makes updates of ${whole} bytes together, ${wholeMax} are taken`);
}

/** Only regions hold rights to bounded counters. */
function refuseBounded({ schema }: CollectionSchema, ops: readonly DocumentOp[]): void {
  if (schema === 'freeform') return;
  const opIndex = ops.findIndex(({ path }) => typeof path === 'string' && fieldAt(schema, path)?.type === 'boundedCounter');
  if (opIndex < 0) return;
  const details = { path: ops[opIndex]?.path ?? '', opIndex };
  throw new AnabranchError('op_invalid', 'a bounded counter is changed by a region: use submit', details);
}

function naming<T>(writeIndex: number, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!isAnabranchError(error)) throw error;
    throw new AnabranchError(error.code, error.message, { ...error.details, writeIndex });
  }
}
