// The conflicts of documents, found in their ops in the log: between the doors and the store. Nothing is written down when a
// value loses; the log holds both values, so every region that holds the same ops finds the same conflicts, and the journal
// reaches as far back as the log.
//
//   a document's ops --> the writes to its registers and what replaced them (RegisterHistory) --> conflicts, newest first
//
// Invariant 1: the id of a conflict is made of its path and the ops of both values: it is the same in every region.
// Invariant 2: a page of a collection replays at most `feedOpsMax` ops and one document, then it ends with a cursor.

import { AnabranchError, assert, canonicalJson, compareStrings, encodeUtf8, type Hash, toHex } from '@anabranch/base';
import { formatHlc, regionOf } from '@anabranch/causality';
import {
  type CollectionSchema,
  type Library,
  type ObjectSchema,
  type RegisterConflict,
  RegisterHistory,
  type RegisterWrite,
} from '@anabranch/crdt';
import { collectionOf, type DocumentId } from '@anabranch/protocol';
import type { OpId } from '../document-view.ts';
import type { OpLog } from '../op-log.ts';
import { collectionNotFound } from '../refusals.ts';
import type { ReplicaStore } from '../replica-store.ts';
import type {
  CollectionConflicts,
  CollectionCursor,
  Conflict,
  ConflictDoor,
  ConflictingWrite,
  DocumentConflicts,
} from './conflict-door.ts';
import type { Replay, Replays } from './replay.ts';

export interface ConflictJournalParts {
  readonly store: Pick<ReplicaStore, 'listDocuments'>;
  readonly replays: Replays;
  readonly hash: Hash;
  readonly log: Pick<OpLog, 'durableVector'>;
  readonly collections: ReadonlyMap<string, CollectionSchema>;
}

/** What is known of one document. */
interface Journal {
  /** Newest first. */
  readonly conflicts: readonly Conflict[];
  readonly isComplete: boolean;
  readonly sinceMs: number | undefined;
}

/** The op of a write, which names its origin: regions of one op are the same wherever it is read. */
type By = OpId;

export class ConflictJournal implements ConflictDoor {
  /** Ops replayed for one page of a collection. Beyond: the page ends, with a cursor. */
  static readonly feedOpsMax = 20_000;
  /** Documents looked through for one page of a collection. Beyond: the page ends, with a cursor. */
  static readonly feedDocumentsMax = 1_000;

  readonly #parts: ConflictJournalParts;

  constructor(parts: ConflictJournalParts) {
    this.#parts = parts;
  }

  async ofDocument(document: DocumentId, after: string | undefined, entriesMax: number): Promise<DocumentConflicts> {
    const typed = this.#typed(collectionOf(document));
    const journal = await this.#parts.replays.run((replay) => this.#read(replay, document, typed));
    const rest = journal.conflicts.filter((conflict) => isBehind(conflict, after));
    const conflicts = rest.slice(0, entriesMax);
    const last = conflicts.at(-1);
    const next = rest.length > conflicts.length && last !== undefined ? placeOf(last) : undefined;
    const { isComplete, sinceMs } = journal;
    return { conflicts, isComplete, sinceMs, next, version: this.#parts.log.durableVector };
  }

  async find(document: DocumentId, conflictId: string): Promise<Conflict> {
    const typed = this.#typed(collectionOf(document));
    const { conflicts } = await this.#parts.replays.run((replay) => this.#read(replay, document, typed));
    const found = conflicts.find(({ id }) => id === conflictId);
    if (found === undefined) throw new AnabranchError('conflict_not_found', `${document} has no conflict of this id`);
    return found;
  }

  async ofCollection(collection: string, after: CollectionCursor | undefined, entriesMax: number): Promise<CollectionConflicts> {
    this.#typed(collection);
    return this.#parts.replays.run((replay) => this.#readCollection(replay, { collection, after, entriesMax }));
  }

  async #readCollection(
    replay: Replay,
    { collection, after, entriesMax }: { collection: string; after: CollectionCursor | undefined; entriesMax: number },
  ): Promise<CollectionConflicts> {
    const { store, log } = this.#parts;
    const conflicts: Conflict[] = [];
    const unavailable: DocumentId[] = [];
    const page = (next: CollectionCursor | undefined): CollectionConflicts => ({
      conflicts,
      unavailable,
      next,
      version: log.durableVector,
    });
    let cursor = after;
    for (let count = 0; count < ConflictJournal.feedDocumentsMax; count++) {
      const place = cursor?.place;
      const document = place === undefined ? store.listDocuments(collection, cursor?.document, 1)[0] : cursor?.document;
      if (document === undefined) return page(undefined);
      const found = await this.#readOrPassOver(replay, document, unavailable);
      const rest = found.filter((conflict) => isBehind(conflict, place));
      const taken = rest.slice(0, entriesMax - conflicts.length);
      conflicts.push(...taken);
      const last = taken.at(-1);
      if (last !== undefined && taken.length < rest.length) return page({ document, place: placeOf(last) });
      cursor = { document, place: undefined };
      if (conflicts.length >= entriesMax || replay.opCount >= ConflictJournal.feedOpsMax) break;
    }
    return page(cursor);
  }

  /** One document that cannot be read must not hide the conflicts of all others: it is named. */
  async #readOrPassOver(replay: Replay, document: DocumentId, unavailable: DocumentId[]): Promise<readonly Conflict[]> {
    try {
      const { conflicts, isComplete } = await this.#read(replay, document, this.#typed(collectionOf(document)));
      if (!isComplete) unavailable.push(document);
      return conflicts;
    } catch (error) {
      if (!(error instanceof AnabranchError)) throw error;
      unavailable.push(document);
      return [];
    }
  }

  async #read(replay: Replay, document: DocumentId, { library, schema }: TypedCollection): Promise<Journal> {
    const registers = new RegisterHistory<By>(library, schema);
    const beginsAfter = replay.beginsAfter(document);
    let sinceMs: number | undefined;
    for await (const ops of replay.chunks(document, beginsAfter)) {
      sinceMs ??= ops[0]?.op.hlc.ms;
      for (const { logged, write } of ops) {
        if (write.library !== library) throw new AnabranchError('document_quarantined', `${document} was written with ${write.library}`);
        registers.take(write.update, { origin: logged.origin, seq: logged.seq });
        await replay.breathe();
      }
    }
    const conflicts = [...registers.conflicts()].map((conflict) => this.#conflictOf(document, conflict));
    return { conflicts: conflicts.sort((a, b) => compareStrings(placeOf(b), placeOf(a))), isComplete: beginsAfter === 0, sinceMs };
  }

  #conflictOf(document: DocumentId, { path, winner, loser, isKeptAll, stands }: RegisterConflict<By>): Conflict {
    const name = [document, path, opIdText(winner.by), opIdText(loser.by)];
    const id = toHex(this.#parts.hash.sha256(encodeUtf8(canonicalJson(name))).subarray(0, idBytes));
    return { id, document, path, winner: writeOf(winner), loser: writeOf(loser), isKeptAll, stands };
  }

  /** @throws AnabranchError `collection_not_found`, `conflicts_not_kept` for a freeform collection. */
  #typed(collection: string): TypedCollection {
    const found = this.#parts.collections.get(collection);
    if (found === undefined) throw collectionNotFound(collection);
    const { library, schema } = found;
    if (schema !== 'freeform') return { library, schema };
    throw new AnabranchError('conflicts_not_kept', `${collection} is freeform: its conflicts are those of its library`);
  }
}

interface TypedCollection {
  readonly library: Library;
  readonly schema: ObjectSchema;
}

const idBytes = 16;

/** Orders conflicts, in all regions alike: by the stamp of the winner, then by what tells them apart. */
function placeOf({ winner, loser, id }: Conflict): string {
  return `${formatHlc(winner.hlc)}${formatHlc(loser.hlc)}${id}`;
}

/** Newest first: what is behind a place is smaller. */
function isBehind(conflict: Conflict, place: string | undefined): boolean {
  return place === undefined || compareStrings(placeOf(conflict), place) < 0;
}

function writeOf({ value, hlc, by }: RegisterWrite<By>): ConflictingWrite {
  return { value, hlc, opId: by, region: regionOf(by.origin) };
}

function opIdText({ origin, seq }: OpId): string {
  assert(seq > 0, 'an op has a seq');
  return `${origin}:${seq}`;
}
