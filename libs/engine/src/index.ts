export type { LinkConnection, LinkConnectionListener, LinkEnd, LinkRole, PeerLinkHandle } from './link-connection.ts';
export { Replica, type ReplicaOptions, type ReplicaPorts } from './replica.ts';
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
