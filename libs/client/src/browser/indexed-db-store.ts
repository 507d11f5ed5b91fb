// The store of a browser: one IndexedDB database, shared by the tabs of its origin.
//
//   meta       'device' | 'session' | 'refusals' -> value
//   documents  name -> { isHeld }
//   updates    at -> { document, bytes }                 at: rising over all documents
//   pending    n -> { id, writer, updates, described }   by document, too
//
// Invariant 1: each call is one transaction with strict durability: resolved means that the browser has written it to disk.
//              A step that throws takes the whole transaction back.
// Invariant 2: nothing awaits anything but requests of the transaction inside of one: it would be committed in between.

import { AnabranchError } from '@anabranch/base';
import type { DocumentId } from '@anabranch/protocol';
import type {
  ClientStore,
  NewWrite,
  PendingWrite,
  RefusedWrite,
  SessionRecord,
  StoreChange,
  StoredDocument,
  StoreOpening,
} from '../store/client-store.ts';
import { ownChange, ownWrite } from '../store/own-bytes.ts';

const formatVersion = 1;
const storeNames = ['meta', 'documents', 'updates', 'pending'] as const;
type StoreName = (typeof storeNames)[number];

interface UpdateRecord {
  readonly document: DocumentId;
  readonly bytes: Uint8Array;
}

export class IndexedDbStore implements ClientStore {
  readonly #name: string;
  readonly #factory: IDBFactory;
  #database: IDBDatabase | undefined;

  constructor(name: string, factory: IDBFactory) {
    this.#name = `anabranch.${name}`;
    this.#factory = factory;
  }

  async open(mintDevice: () => string): Promise<StoreOpening> {
    this.#database ??= await this.#openDatabase();
    return this.#run(storeNames, async (stores) => {
      const known: unknown = await answerOf(stores.meta.get('device'));
      const device = typeof known === 'string' ? known : mintDevice();
      if (known === undefined) stores.meta.put(device, 'device');
      const session: SessionRecord | undefined = await answerOf(stores.meta.get('session'));
      const refusals: RefusedWrite[] | undefined = await answerOf(stores.meta.get('refusals'));
      const names = await answerOf(stores.documents.getAllKeys());
      const records: { readonly isHeld: boolean }[] = await answerOf(stores.documents.getAll());
      const followed = names.map((name, at) => ({ document: name as DocumentId, isHeld: records[at]?.isHeld ?? false }));
      const pendingCount = await answerOf(stores.pending.count());
      return { device, session, followed, refusals: refusals ?? [], pendingCount };
    });
  }

  load(document: DocumentId): Promise<StoredDocument> {
    return this.#run(['documents', 'updates', 'pending'], async (stores) => {
      const record: { readonly isHeld: boolean } | undefined = await answerOf(stores.documents.get(document));
      const ofDocument = stores.updates.index('document');
      const places = await answerOf(ofDocument.getAllKeys(document));
      const updates: UpdateRecord[] = await answerOf(ofDocument.getAll(document));
      const pending: PendingWrite[] = await answerOf(stores.pending.index('documents').getAll(document));
      return {
        isFollowed: record !== undefined,
        isHeld: record?.isHeld ?? false,
        updates: updates.map(({ bytes }, at) => ({ at: Number(places[at]), bytes })),
        pending: pending.map(readPending).sort((a, b) => a.n - b.n),
      };
    });
  }

  append(write: NewWrite): Promise<number> {
    const documents = write.updates.map(({ document }) => document);
    return this.#run(['pending'], async (stores) => Number(await answerOf(stores.pending.add({ ...ownWrite(write), documents }))));
  }

  pendingAfter(n: number): Promise<readonly PendingWrite[]> {
    return this.#run(['pending'], async (stores) => {
      const found: PendingWrite[] = await answerOf(stores.pending.getAll(IDBKeyRange.lowerBound(n, true)));
      return found.map(readPending);
    });
  }

  commit(changes: readonly StoreChange[]): Promise<void> {
    return this.#run(storeNames, async (stores) => {
      for (const change of changes) await apply(stores, ownChange(change));
    });
  }

  close(): Promise<void> {
    this.#database?.close();
    this.#database = undefined;
    return Promise.resolve();
  }

  #openDatabase(): Promise<IDBDatabase> {
    const request = this.#factory.open(this.#name, formatVersion);
    request.addEventListener('upgradeneeded', () => {
      const database = request.result;
      database.createObjectStore('meta');
      database.createObjectStore('documents');
      database.createObjectStore('updates', { autoIncrement: true }).createIndex('document', 'document');
      const pending = database.createObjectStore('pending', { keyPath: 'n', autoIncrement: true });
      pending.createIndex('documents', 'documents', { multiEntry: true });
    });
    return new Promise((resolve, reject) => {
      request.addEventListener('success', () => {
        // A later version of the page wants to change the form: this one must let go.
        request.result.addEventListener('versionchange', () => request.result.close());
        resolve(request.result);
      });
      request.addEventListener('error', () => reject(failureOf(request.error)));
      request.addEventListener('blocked', () => reject(failureOf(request.error)));
    });
  }

  async #run<Result>(names: readonly StoreName[], work: (stores: Record<StoreName, IDBObjectStore>) => Promise<Result>): Promise<Result> {
    const database = this.#database;
    if (database === undefined) throw new AnabranchError('client_closed', 'the store is closed');
    let transaction: IDBTransaction;
    try {
      transaction = database.transaction(names, 'readwrite', { durability: 'strict' });
    } catch (error) {
      throw failureOf(error);
    }
    const whenDone = new Promise<void>((resolve, reject) => {
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('abort', () => reject(failureOf(transaction.error)));
    });
    const stores = Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)])) as Record<StoreName, IDBObjectStore>;
    try {
      const result = await work(stores);
      await whenDone;
      return result;
    } catch (error) {
      // What was asked for before the step that failed would be committed.
      if (abort(transaction)) await whenDone.catch(() => {});
      // The transaction tells the cause, when it is the one that failed.
      else await whenDone;
      throw error instanceof AnabranchError ? error : failureOf(error);
    }
  }
}

/** False when the transaction has ended by itself. */
function abort(transaction: IDBTransaction): boolean {
  try {
    transaction.abort();
    return true;
  } catch {
    return false;
  }
}

async function apply(stores: Record<StoreName, IDBObjectStore>, change: StoreChange): Promise<void> {
  switch (change.type) {
    case 'session':
      stores.meta.put(change.session, 'session');
      return;
    case 'follow':
      if ((await answerOf(stores.documents.get(change.document))) === undefined) stores.documents.put({ isHeld: false }, change.document);
      return;
    case 'forget':
      stores.documents.delete(change.document);
      await removeUpdates(stores, change.document);
      return;
    case 'unhold':
      if ((await answerOf(stores.documents.get(change.document))) !== undefined) stores.documents.put({ isHeld: false }, change.document);
      return;
    case 'state':
      // One that was forgotten while its state was on its way is not taken up again.
      if ((await answerOf(stores.documents.get(change.document))) === undefined) return;
      stores.documents.put({ isHeld: true }, change.document);
      stores.updates.add({ document: change.document, bytes: change.state });
      return;
    case 'update':
      await addUpdate(stores, { document: change.document, bytes: change.update });
      return;
    case 'settle': {
      const write: PendingWrite | undefined = await answerOf(stores.pending.get(change.n));
      for (const { document, update } of write?.updates ?? []) await addUpdate(stores, { document, bytes: update });
      stores.pending.delete(change.n);
      return;
    }
    case 'drop':
      stores.pending.delete(change.n);
      return;
    case 'refusals':
      stores.meta.put(change.refusals, 'refusals');
      return;
    case 'fold':
      if ((await answerOf(stores.documents.get(change.document))) === undefined) return;
      await removeUpdates(stores, change.document, change.upTo);
      stores.updates.put({ document: change.document, bytes: change.state }, change.upTo);
  }
}

/** Of a document that is kept. */
async function addUpdate(stores: Record<StoreName, IDBObjectStore>, record: UpdateRecord): Promise<void> {
  if ((await answerOf(stores.documents.get(record.document))) !== undefined) stores.updates.add(record);
}

async function removeUpdates(
  stores: Record<StoreName, IDBObjectStore>,
  document: DocumentId,
  upTo = Number.POSITIVE_INFINITY,
): Promise<void> {
  const places = await answerOf(stores.updates.index('document').getAllKeys(document));
  for (const at of places) if (Number(at) <= upTo) stores.updates.delete(at);
}

function readPending({ n, id, writer, updates, described }: PendingWrite): PendingWrite {
  return { n, id, writer, updates, described };
}

function answerOf<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(failureOf(request.error)));
  });
}

function failureOf(cause: unknown): AnabranchError {
  const name = cause instanceof Error ? cause.name : '';
  const message = cause instanceof Error ? cause.message : 'another tab holds an older form of it open';
  if (name === 'QuotaExceededError') return new AnabranchError('store_full', `the browser has no room: ${message}`);
  if (name === 'VersionError') return new AnabranchError('store_format_unknown', `the database is of a later version: ${message}`);
  return new AnabranchError('store_failed', `the browser did not keep it: ${message}`);
}
