export type { ChangedOp, ChangeReader, ChangesDoor } from './history/changes-door.ts';
export type {
  CollectionConflicts,
  CollectionCursor,
  Conflict,
  ConflictDoor,
  ConflictingWrite,
  DocumentConflicts,
} from './history/conflict-door.ts';
export type {
  FieldChange,
  HistoryCursor,
  HistoryDoor,
  HistoryEntry,
  HistoryPage,
  PastMoment,
} from './history/history-door.ts';
export type { LinkConnection, LinkConnectionListener, LinkEnd, LinkRole, PeerLinkHandle } from './link-connection.ts';
export type { RefusedBound } from './refused-bounds.ts';
export { Replica } from './replica.ts';
export type {
  Delivery,
  DocumentRights,
  DocumentSession,
  DocumentSessionListener,
  DocumentView,
  EditRequest,
  EditResult,
  OpId,
  OriginLag,
  PeerStatus,
  PlannedEdit,
  ReadConcern,
  ReadOptions,
  ReclaimRequest,
  ReclaimResult,
  ReplicaDoor,
  ReplicaStatus,
  Replicated,
  Subscription,
  SubscriptionListener,
  TransactionRequest,
  TransactionResult,
  WriteConcern,
  WriteConcernDoor,
  WriteReport,
  WriteTarget,
  WrittenView,
} from './replica-door.ts';
export type { ReplicaOptions, ReplicaPorts } from './replica-options.ts';
export type {
  DamagedOp,
  DocumentSnapshot,
  IdempotencyRecord,
  LoggedOp,
  OpAppend,
  OriginHead,
  ReplicaIdentity,
  ReplicaStore,
  RestoredOp,
  StoreBatch,
  StoredDocument,
  StoredHistory,
  StoreOpening,
} from './replica-store.ts';
export type { CounterRights, RightsHolder } from './rights-report.ts';
export type { Following } from './subscriptions/following.ts';
