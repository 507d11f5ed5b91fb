// The past of a document, replayed from its ops in the log: what each op changed, and the document as it was at a moment.
// Between the doors and the store; nothing is kept between two requests.
//
//   ops in order of arrival --> a fresh document, merged op by op --> the views between two ops --> what each changed
//                          \--> a fresh document, merged with the ops of a moment --> its view
//
// Invariant 1: a document is replayed from its first op on, or not at all: where the log no longer has it, ops are listed
//              without what they changed, and no past view is made.
// Invariant 2: a page holds at least one entry when there is one, and ends with a cursor when there are more.

import { AnabranchError } from '@anabranch/base';
import type { CrdtDocument } from '@anabranch/crdt';
import type { DocumentId } from '@anabranch/protocol';
import type { DocumentView } from '../document-view.ts';
import type { OpLog } from '../op-log.ts';
import type { ReplicaStore } from '../replica-store.ts';
import { type FieldChanges, fieldChangesBetween } from './field-changes.ts';
import type { HistoryCursor, HistoryDoor, HistoryEntry, HistoryPage, PastMoment } from './history-door.ts';
import { momentFilter } from './moment-filter.ts';
import type { Replay, ReplayedOp, Replays } from './replay.ts';

export interface DocumentHistoryParts {
  readonly store: Pick<ReplicaStore, 'readOps'>;
  readonly replays: Replays;
  /** Makes an empty document, which is never edited. @throws AnabranchError `collection_not_found`. */
  readonly create: (document: DocumentId) => CrdtDocument;
  readonly log: Pick<OpLog, 'durableVector'>;
}

export class DocumentHistory implements HistoryDoor {
  /** Characters of the changes on one page. Beyond: the page ends, with a cursor. */
  static readonly pageUnitsMax: number = 1 << 20;
  /** Time that the work on one page takes. Beyond: the page ends after the entry at hand, with a cursor. */
  static readonly pageMsMax = 2_000;
  readonly #parts: DocumentHistoryParts;

  constructor(parts: DocumentHistoryParts) {
    this.#parts = parts;
  }

  async page(document: DocumentId, after: HistoryCursor | undefined, entriesMax: number): Promise<HistoryPage> {
    const { create, log } = this.#parts;
    const crdt = create(document);
    if (after !== undefined) this.#checkCursor(after);
    return this.#parts.replays.run(async (replay) => {
      const isComplete = replay.beginsAfter(document) === 0;
      const pager = new HistoryPager(replay, isComplete ? crdt : undefined, after?.position ?? 0);
      let hasMore = false;
      for await (const ops of replay.chunks(document, isComplete ? 0 : after?.position)) {
        hasMore = await pager.take(ops, entriesMax);
        if (hasMore) break;
      }
      const last = pager.entries.at(-1);
      return { entries: pager.entries, isComplete, next: hasMore ? last : undefined, version: log.durableVector };
    });
  }

  async viewAt(document: DocumentId, moment: PastMoment): Promise<DocumentView> {
    const { create, log } = this.#parts;
    const crdt = create(document);
    return this.#parts.replays.run(async (replay) => {
      if (replay.beginsAfter(document) > 0) {
        throw new AnabranchError('history_unavailable', `the log no longer has the first ops of ${document}`);
      }
      const belongs = momentFilter(moment);
      for await (const ops of replay.chunks(document)) {
        const past = ops.filter(belongs);
        if (past.length > 0) merge(crdt, past);
      }
      return { json: crdt.json(), exists: crdt.exists(), version: 'vector' in moment ? moment.vector : log.durableVector };
    });
  }

  /** Positions differ between regions and stores: a cursor counts only where its op has its position. */
  #checkCursor({ opId: { origin, seq }, position }: HistoryCursor): void {
    const [op] = this.#parts.store.readOps(origin, seq - 1, 0);
    if (op?.position !== position) throw new AnabranchError('cursor_invalid', 'the cursor is of another region or store');
  }
}

/** Merges what lies before a page, then op by op what is on it. */
class HistoryPager {
  readonly entries: HistoryEntry[] = [];
  readonly #replay: Replay;
  readonly #crdt: CrdtDocument | undefined;
  readonly #afterPosition: number;
  #units = 0;

  constructor(replay: Replay, crdt: CrdtDocument | undefined, afterPosition: number) {
    this.#replay = replay;
    this.#crdt = crdt;
    this.#afterPosition = afterPosition;
  }

  /** True when the page is full and there is more. */
  async take(ops: readonly ReplayedOp[], entriesMax: number): Promise<boolean> {
    const before = ops.filter(({ logged }) => logged.position <= this.#afterPosition);
    if (this.#crdt !== undefined && before.length > 0) merge(this.#crdt, before);
    for (const replayed of ops.slice(before.length)) {
      if (this.#isFull(entriesMax)) return true;
      const changed = this.#changesOf(replayed);
      this.#units += changed?.units ?? 0;
      this.entries.push(entryOf(replayed, changed));
      await this.#replay.breathe();
    }
    return false;
  }

  #isFull(entriesMax: number): boolean {
    if (this.entries.length === 0) return false;
    const { pageUnitsMax, pageMsMax } = DocumentHistory;
    return this.entries.length >= entriesMax || this.#units >= pageUnitsMax || this.#replay.elapsedMs >= pageMsMax;
  }

  #changesOf(replayed: ReplayedOp): FieldChanges | undefined {
    if (this.#crdt === undefined) return undefined;
    const before = this.#crdt.json();
    merge(this.#crdt, [replayed]);
    return fieldChangesBetween(before, this.#crdt.json());
  }
}

function entryOf({ logged: { origin, seq, position }, op }: ReplayedOp, changed: FieldChanges | undefined): HistoryEntry {
  return {
    opId: { origin, seq },
    hlc: op.hlc,
    position,
    trace: op.trace,
    documents: op.writes.map((write) => write.document),
    changes: changed?.changes,
    isTruncated: changed?.isTruncated ?? false,
  };
}

/** @throws AnabranchError `document_quarantined` for what this region could not merge either when it arrived. */
function merge(crdt: CrdtDocument, ops: readonly ReplayedOp[]): void {
  for (const { write } of ops) {
    if (write.library !== crdt.library)
      throw new AnabranchError('document_quarantined', `${write.document} was written with ${write.library}`);
  }
  try {
    crdt.apply(ops.map(({ write }) => write.update));
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new AnabranchError('document_quarantined', `an update in the log cannot be merged: ${cause}`);
  }
}
