import { assert } from '@anabranch/base';
import { AutomergeDocument } from './automerge/automerge-document.ts';
import type { InflateRaw } from './automerge/column-scan.ts';
import { examineAutomergeUpdate } from './automerge/inspect-automerge-update.ts';
import type { CrdtDocument } from './crdt-document.ts';
import type { Inspection, InspectionCase, InspectionFinding, SoundPart } from './inspection-case.ts';
import type { LogAuthors } from './log-authors.ts';
import { YjsDocument } from './yjs/yjs-document.ts';

/**
 * Decides whether an update from an untrusted sender may be logged: afterwards `apply([update])` throws nothing and
 * leaves nothing pending. The document is not changed. `inflateRaw` inflates a raw deflate stream (RFC 1951) or gives
 * undefined when it is malformed or longer than the bound; Yjs updates do not need it.
 * Content of `authors` that the document lacks is not taken from this sender.
 *
 * Returns the update to be applied and logged: what the document lacks of this one. A case that is returned instead is not
 * decided yet, because that would take too long here: another thread is to {@link examineUpdate} it; then {@link acceptPart} decides on each part that it finds.
 * @throws AnabranchError `update_invalid` (malformed, out of bounds, or under this replica's own identity),
 *   `update_incomplete` (builds on parts the document lacks: synchronise first), `request_too_large` (beyond
 *   {@link inspectionLimits}).
 */
export function inspectUpdate(document: CrdtDocument, update: Uint8Array, inflateRaw: InflateRaw, authors?: LogAuthors): Inspection {
  if (document instanceof AutomergeDocument) return document.inspect(update, inflateRaw, authors);
  assert(document instanceof YjsDocument, 'the document came from createDocument');
  document.inspect(update, inflateRaw, authors);
  return { update };
}

/** Examines a case of {@link inspectUpdate}, which may take seconds; it needs no more than the case holds. */
export function examineUpdate(inspectionCase: InspectionCase, inflateRaw: InflateRaw): InspectionFinding {
  return examineAutomergeUpdate(inspectionCase, inflateRaw);
}

/**
 * Decides whether a part found sound may be logged now, whatever the document took since the case was made. Parts are
 * accepted and applied one after the other.
 * @throws AnabranchError as {@link inspectUpdate}
 */
export function acceptPart(document: CrdtDocument, part: SoundPart, authors?: LogAuthors): void {
  assert(document instanceof AutomergeDocument, 'only updates of Automerge documents are taken in parts');
  document.accept(part, authors);
}
