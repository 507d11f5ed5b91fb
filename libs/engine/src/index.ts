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
export type { LinkConnection, LinkConnectionListener, LinkEnd, LinkRole, PeerLinkHandle } from './link-connection.ts';
export type {
  Delivery,
  DocumentSession,
  DocumentSessionListener,
  DocumentView,
  EditRequest,
  EditResult,
  OpId,
  OriginLag,
  PeerStatus,
  ReadOptions,
  ReplicaDoor,
  ReplicaStatus,
} from './replica-door.ts';
export { Replica, type ReplicaOptions, type ReplicaPorts } from './replica.ts';
