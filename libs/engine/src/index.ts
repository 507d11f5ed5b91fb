export type { LinkConnection, LinkConnectionListener, LinkEnd, LinkRole, PeerLinkHandle } from './link-connection.ts';
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
  DocumentSnapshot,
  IdempotencyRecord,
  LoggedOp,
  OpAppend,
  OriginHead,
  ReplicaIdentity,
  ReplicaStore,
  StoreBatch,
  StoredDocument,
  StoreOpening,
} from './replica-store.ts';
export type { CounterRights, RightsHolder } from './rights-report.ts';
