// React hooks over a client: what they return changes exactly when what they show has changed.

import { AnabranchError, isAnabranchError, type JsonObject } from '@anabranch/base';
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import type { Client } from '../client.ts';
import type { ClientStatus } from '../client-status.ts';
import type { ClientDocument } from '../documents/local-document.ts';
import type { OpenOptions } from '../documents/open-documents.ts';
import type { Collections, DocumentViewOf } from '../schema.ts';
import type { Write, WriteState } from '../write.ts';

export interface DocumentHook<View> {
  /** Undefined while it is opened. */
  readonly document: ClientDocument<View> | undefined;
  readonly value: View | undefined;
  /** Why it could not be opened. */
  readonly error: AnabranchError | undefined;
}

/** Opens a document, and shows its present value. */
export function useDocument<C extends Collections, Name extends keyof C & string>(
  client: Client<C>,
  collection: Name,
  id: string,
  options?: OpenOptions,
): DocumentHook<DocumentViewOf<C[Name]>> {
  type View = DocumentViewOf<C[Name]>;
  const [opened, setOpened] = useState<{ readonly document?: ClientDocument<View>; readonly error?: AnabranchError }>({});
  const { waitMs, startEmpty = false } = options ?? {};
  useEffect(() => {
    let isCurrent = true;
    setOpened({});
    client.open(collection, id, { startEmpty, ...(waitMs !== undefined && { waitMs }) }).then(
      (document) => {
        if (isCurrent) setOpened({ document });
      },
      (error: unknown) => {
        const known = isAnabranchError(error) ? error : new AnabranchError('internal_error', String(error));
        if (isCurrent) setOpened({ error: known });
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [client, collection, id, waitMs, startEmpty]);
  const { document, error } = opened;
  const subscribe = useCallback((changed: () => void) => document?.subscribe(changed) ?? (() => {}), [document]);
  const value = useSyncExternalStore(subscribe, () => document?.value);
  return { document, value, error };
}

export function useClientStatus(client: Pick<Client, 'status' | 'onStatus'>): ClientStatus {
  return useSyncExternalStore(
    useCallback((changed: () => void) => client.onStatus(changed), [client]),
    () => client.status,
  );
}

/** How far a write is; undefined without one. */
export function useWriteState(write: Write | undefined): WriteState | undefined {
  return useSyncExternalStore(
    useCallback((changed: () => void) => write?.subscribe(changed) ?? (() => {}), [write]),
    () => write?.state,
  );
}

const nobody: ReadonlyMap<number, JsonObject> = new Map();

/** Who else is at a document. */
export function usePresence(document: ClientDocument<never> | ClientDocument<object> | undefined): ReadonlyMap<number, JsonObject> {
  return useSyncExternalStore(
    useCallback((changed: () => void) => document?.presence.subscribe(changed) ?? (() => {}), [document]),
    () => document?.presence.others ?? nobody,
  );
}
