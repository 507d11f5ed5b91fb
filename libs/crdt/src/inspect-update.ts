import { assert } from '@anabranch/base';
import { AutomergeDocument } from './automerge/automerge-document.ts';
import type { InflateRaw } from './automerge/column-scan.ts';
import type { CrdtDocument } from './crdt-document.ts';
import type { LogAuthors } from './log-authors.ts';
import { YjsDocument } from './yjs/yjs-document.ts';

/**
 * Decides whether an update from an untrusted sender may be logged: afterwards `apply([update])` throws nothing and
 * leaves nothing pending. The document is not changed. `inflateRaw` inflates a raw deflate stream (RFC 1951) or gives
 * undefined when it is malformed or longer than the bound; Yjs updates do not need it.
 * Content of `authors` that the document lacks is not taken from this sender.
 * @throws AnabranchError `update_invalid` (malformed, out of bounds, or under this replica's own identity),
 *   `update_incomplete` (builds on parts the document lacks: synchronise first), `request_too_large` (beyond
 *   {@link inspectionLimits}).
 */
export function inspectUpdate(document: CrdtDocument, update: Uint8Array, inflateRaw: InflateRaw, authors?: LogAuthors): void {
  assert(document instanceof YjsDocument || document instanceof AutomergeDocument, 'the document came from createDocument');
  document.inspect(update, inflateRaw, authors);
}
