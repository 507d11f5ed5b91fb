import type { Clock, Hash } from '@anabranch/base';
import type { CollectionSchema } from '@anabranch/crdt';
import type { DocumentCache } from '../document-cache.ts';
import type { OpLog } from '../op-log.ts';
import type { ReplicaStore } from '../replica-store.ts';
import { ChangeFeed } from './change-feed.ts';
import { ConflictJournal } from './conflict-journal.ts';
import { DocumentHistory } from './document-history.ts';
import type { PastDoor } from './past-door.ts';
import { Replays } from './replay.ts';

export interface PastParts {
  readonly store: ReplicaStore;
  readonly clock: Clock;
  readonly hash: Hash;
  readonly log: OpLog;
  readonly collections: ReadonlyMap<string, CollectionSchema>;
  readonly documents: DocumentCache;
}

/** The past of a replica: everything here is read from its log. Histories and conflicts share one number of replays. */
export class Past implements PastDoor {
  readonly history: DocumentHistory;
  readonly conflicts: ConflictJournal;
  readonly changes: ChangeFeed;

  constructor(parts: PastParts) {
    const replays = new Replays(parts);
    this.history = new DocumentHistory({ ...parts, replays, create: (document) => parts.documents.blank(document) });
    this.conflicts = new ConflictJournal({ ...parts, replays });
    this.changes = new ChangeFeed(parts.log);
  }
}
