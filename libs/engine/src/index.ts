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
