// A document kept by Automerge. It stands between the caller's typed operations and one Automerge document, and works on
// the library's backend directly: the frozen JavaScript view the library would rebuild after each change is not needed.
//
// Updates are change chunks, one after the other; a snapshot is one document chunk.
//
// Invariant 1: changes are merged many at once: one at a time is 50 times slower.
// Invariant 2: no operation stays uncommitted between calls; an edit that is refused is rolled back.
// Invariant 3: changes are made at time 0: the bytes depend on nothing but the edit.

import { assert, canonicalJson, concatBytes, encodeUtf8, type Hash, type JsonObject } from '@anabranch/base';
import {
  type Doc,
  decodeSyncMessage,
  generateSyncMessage,
  getBackend,
  init,
  load,
  receiveSyncMessage,
  type SyncState,
} from '@automerge/automerge';
import type { Author, CrdtDocument } from '../crdt-document.ts';
import type { DocumentIdentity } from '../document-identity.ts';
import type { DocumentOp } from '../document-op.ts';
import type { EscrowAct, RightsView } from '../escrow.ts';
import type { Inspection, SoundPart } from '../inspection-case.ts';
import type { LogAuthors } from '../log-authors.ts';
import type { CollectionSchema } from '../schema.ts';
import { listBoundedCounters, noBoundedCounters, readRights } from '../typed/read-rights.ts';
import { invalid, refusing } from '../update-refusal.ts';
import { AutomergeFreeform } from './automerge-freeform.ts';
import type { AutomergeHandle } from './automerge-handle.ts';
import { AutomergeTyped } from './automerge-typed.ts';
import { ChangeTable } from './change-table.ts';
import { type AutomergeHolder, ChangeWalk } from './change-walk.ts';
import { chunkTypes, splitChunks } from './chunks.ts';
import type { InflateRaw } from './column-scan.ts';
import { firstChange } from './first-change.ts';
import { inspectAutomergeUpdate } from './inspect-automerge-update.ts';

export class AutomergeDocument implements CrdtDocument {
  readonly library = 'automerge';
  readonly #actor: string;
  readonly #content: AutomergeTyped | AutomergeFreeform;
  #handle: AutomergeHandle;
  /** True while nothing was merged or edited: then a snapshot can replace the document instead of merging into it. */
  #isFresh = true;
  readonly #table = new ChangeTable();

  constructor(schema: CollectionSchema['schema'], identity: DocumentIdentity) {
    this.#actor = identity.automergeActor;
    this.#handle = getBackend(init({ actor: this.#actor }));
    if (schema !== 'freeform') this.#handle.applyChanges([firstChange()]);
    this.#content = schema === 'freeform' ? new AutomergeFreeform(this.#handle) : new AutomergeTyped(this.#handle, schema);
  }

  /** Hashes of the newest changes, sorted: the library's own version of the document. */
  get heads(): readonly string[] {
    return this.#handle.getHeads().sort();
  }

  /** The library's read-only view of the current state; made anew on each call. */
  get doc(): Doc<unknown> {
    return this.#handle.materialize('/', undefined, { handle: this.#handle, heads: undefined, freeze: false }) as Doc<unknown>;
  }

  /** True when a change was applied whose predecessors are missing: causal delivery was broken. */
  get hasPending(): boolean {
    return this.#handle.getMissingDeps([]).length > 0;
  }

  apply(updates: readonly Uint8Array[]): boolean {
    const headsBefore = this.heads.join();
    const chunks = updates.flatMap(splitChunks);
    const changes = chunks.filter((chunk) => chunk.type !== chunkTypes.document).map((chunk) => chunk.bytes);
    // `load` verifies checksums; loadIncremental would skip a damaged chunk without a word.
    const snapshots = chunks
      .filter((chunk) => chunk.type === chunkTypes.document)
      .map((chunk) => getBackend(load(chunk.bytes, { actor: this.#actor })));
    const [only] = snapshots;
    if (this.#isFresh && only !== undefined && snapshots.length === 1) {
      this.#replace(only);
    } else {
      for (const snapshot of snapshots) {
        this.#handle.merge(snapshot);
        snapshot.free();
      }
    }
    if (changes.length > 0) this.#handle.applyChanges(changes);
    this.#isFresh = false;
    this.#content.merged();
    return this.heads.join() !== headsBefore;
  }

  /** See inspectUpdate. */
  inspect(update: Uint8Array, inflateRaw: InflateRaw, authors?: LogAuthors): Inspection {
    return inspectAutomergeUpdate(this.#holder(authors), update, inflateRaw);
  }

  /** See acceptPart. */
  accept({ changes }: SoundPart, authors?: LogAuthors): void {
    const walk = new ChangeWalk(this.#holder(authors), 0);
    for (const change of changes) walk.admitSound(change);
  }

  /** Of the changes of these hashes, and all they build on, those that the document lacks. */
  missing(hashes: readonly string[]): string[] {
    return this.#handle.getMissingDeps([...hashes]);
  }

  /** The next message of the library's sync protocol for a peer, or undefined when there is nothing to say. */
  generateSyncMessage(peer: SyncState): { readonly peer: SyncState; readonly message: Uint8Array | undefined } {
    const [next, message] = generateSyncMessage(this.#shell(), peer);
    return { peer: next, message: message ?? undefined };
  }

  /**
   * Notes what a peer says it has and needs in a message of the library's sync protocol. The changes a peer sends are updates
   * like any other, to be inspected and applied first; the message is given without them.
   * @throws AnabranchError `update_invalid`
   */
  receiveSyncMessage(peer: SyncState, message: Uint8Array): SyncState {
    if (refusing(() => decodeSyncMessage(message)).changes.length > 0) throw invalid('changes are not taken uninspected');
    return receiveSyncMessage(this.#shell(), peer, message)[1];
  }

  edit(author: Author, ops: readonly DocumentOp[]): Uint8Array | undefined {
    return this.#produce(() => this.#content.edit(author, ops));
  }

  escrow(author: Author, acts: readonly EscrowAct[]): Uint8Array | undefined {
    const content = this.#content;
    if (!(content instanceof AutomergeTyped)) throw noBoundedCounters();
    return this.#produce(() => content.escrow(author, acts));
  }

  rights(path: string): RightsView | undefined {
    return this.#content instanceof AutomergeTyped ? readRights(this.#content.tree, path) : undefined;
  }

  boundedCounters(): readonly string[] {
    return this.#content instanceof AutomergeTyped ? listBoundedCounters(this.#content.tree) : [];
  }

  get boundedWrites(): number {
    return this.#content instanceof AutomergeTyped ? this.#content.tree.boundedWrites : 0;
  }

  get isTyped(): boolean {
    return this.#content instanceof AutomergeTyped;
  }

  rehearse(author: Author, ops: readonly DocumentOp[]): void {
    if (this.#content instanceof AutomergeTyped) this.#content.rehearse(author, ops);
  }

  json(): JsonObject {
    return this.#content.json();
  }

  exists(): boolean {
    return this.#content.exists;
  }

  encodeState(): Uint8Array {
    return this.#handle.save();
  }

  digest(hash: Hash): Uint8Array {
    assert(!this.hasPending, 'a document with parts missing has no digest');
    const heads = this.heads.join(' ');
    const content = this.#content instanceof AutomergeFreeform ? this.#content.jsonWithConflicts() : this.json();
    return hash.sha256(encodeUtf8(`${heads}\n${canonicalJson(content)}`));
  }

  /** The change that writing makes, with those that were made before it. */
  #produce(write: () => Uint8Array[] | undefined): Uint8Array | undefined {
    assert(this.#handle.pendingOps() === 0, 'no operation is left uncommitted');
    let created: Uint8Array[] | undefined;
    try {
      created = write();
    } catch (error) {
      this.#handle.rollback();
      throw error;
    }
    if (created === undefined || this.#handle.commit(null, 0) === null) return undefined;
    this.#isFresh = false;
    this.#content.committed();
    const change = this.#handle.getLastLocalChange();
    assert(change !== null, 'a commit makes a change');
    return concatBytes([...created, change]);
  }

  /** What the library's sync functions take: they use the backend behind it only, so it is made without any content. */
  #shell(): Doc<unknown> {
    return this.#handle.materialize('/', [], { handle: this.#handle, heads: undefined, freeze: false }) as Doc<unknown>;
  }

  #holder(authors: LogAuthors | undefined): AutomergeHolder {
    const typed = this.#content instanceof AutomergeTyped ? this.#content : undefined;
    const { boundedSchema } = typed ?? {};
    return { handle: this.#handle, actor: this.#actor, isTyped: typed !== undefined, boundedSchema, table: this.#table, authors };
  }

  #replace(handle: AutomergeHandle): void {
    const previous = this.#handle;
    this.#handle = handle;
    this.#content.replace(handle);
    previous.free();
  }
}
