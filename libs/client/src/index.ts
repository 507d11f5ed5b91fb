export { AnabranchError, type ErrorCode, isAnabranchError, type JsonObject, type JsonValue } from '@anabranch/base';
export type { DocumentOp } from '@anabranch/crdt';
export { Client, type ClientParts, type DocumentWrite } from './client.ts';
export type { ClientOptions } from './client-options.ts';
export type { ClientStatus, RegionStatus } from './client-status.ts';
export type { RegionAddress } from './courier/region-choice.ts';
export type { ClientDocument, DocumentChange } from './documents/local-document.ts';
export type { OpenOptions } from './documents/open-options.ts';
export type { Presence } from './documents/presence.ts';
export {
  aloneTabs,
  type Connect,
  type Connection,
  type ConnectionListener,
  type HttpAnswer,
  type HttpRequest,
  type Platform,
  type SendHttp,
  type Tabs,
} from './ports.ts';
export type { Refusal } from './refusal.ts';
export {
  type AllValuesField,
  type BoundedCounterField,
  type Collections,
  type CounterField,
  type DocumentViewOf,
  type FlagField,
  type ListField,
  type MapField,
  type ObjectField,
  type RegisterField,
  type SetField,
  schema,
  type TextField,
  type ViewOf,
} from './schema.ts';
export type {
  ClientStore,
  NewWrite,
  PendingWrite,
  RefusedWrite,
  SessionRecord,
  StoreChange,
  StoredDocument,
  StoredUpdate,
  StoreOpening,
  WriteDescription,
} from './store/client-store.ts';
export { MemoryStore } from './store/memory-store.ts';
export type { SubmitOptions, Submitted, SubmittedWrite } from './submit.ts';
export type { FromCourier, ReceivedOp, TabMessage, ToCourier } from './tabs/tab-message.ts';
export type { Write, WriteJson, WriteState } from './write.ts';
