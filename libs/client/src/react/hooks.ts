// React hooks over a client: what they return changes exactly when what they show has changed. On a server, and while its
// markup is taken over, they show what is there at once: a document is opened in the browser, so there is none yet.

import { AnabranchError, isAnabranchError, type JsonObject } from '@anabranch/base';
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import type { Doc } from 'yjs';
import type { Client } from '../client.ts';
import type { ClientStatus } from '../client-status.ts';
import { valueAt } from '../documents/field-at.ts';
import type { ClientDocument } from '../documents/local-document.ts';
import type { OpenOptions } from '../documents/open-options.ts';
import type { Collections, DocumentViewOf } from '../schema.ts';
import type { Write, WriteState } from '../write.ts';

type AnyDocument = ClientDocument<never> | ClientDocument<object>;

export interface DocumentHook<View> {
  /** Undefined while it is opened, and with an error. */
  readonly document: ClientDocument<View> | undefined;
  readonly value: View | undefined;
  /** Why it could not be opened, or is open no longer ({@link ClientDocument.closed}). */
  readonly error: AnabranchError | undefined;
}

interface Opened<View> {
  /** Of which client, and by which name: an answer to another question is not shown. */
  readonly client: object | undefined;
  readonly name: string;
  readonly document?: ClientDocument<View>;
  readonly error?: AnabranchError;
}

/** Opens a document, and shows its present value. It is opened once: a component that is to try again after an error is mounted anew. */
export function useDocument<C extends Collections, Name extends keyof C & string>(
  client: Client<C>,
  collection: Name,
  id: string,
  options?: OpenOptions,
): DocumentHook<DocumentViewOf<C[Name]>> {
  type View = DocumentViewOf<C[Name]>;
  const [opened, setOpened] = useState<Opened<View>>({ client: undefined, name: '' });
  const { waitMs, startEmpty = false, ...others } = options ?? {};
  const [unknown] = Object.keys(others);
  const name = `${collection}/${id}`;
  useEffect(() => {
    let isCurrent = true;
    const show = (outcome: { readonly document: ClientDocument<View> } | { readonly error: AnabranchError }): void => {
      if (isCurrent) setOpened({ client, name, ...outcome });
    };
    const given = { startEmpty, ...(waitMs !== undefined && { waitMs }), ...(unknown !== undefined && { [unknown]: true }) };
    client.open(collection, id, given).then(
      (document) => show({ document }),
      (error: unknown) => show({ error: isAnabranchError(error) ? error : new AnabranchError('internal_error', String(error)) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [client, collection, id, name, waitMs, startEmpty, unknown]);
  const isAnswer = opened.client === client && opened.name === name;
  const document = isAnswer ? opened.document : undefined;
  const closed = useOutside(
    useCallback((changed: () => void) => document?.onClosed(changed) ?? nothingToEnd, [document]),
    () => document?.closed,
  );
  const value = useOutside(
    useCallback((changed: () => void) => document?.subscribe(changed) ?? nothingToEnd, [document]),
    () => document?.value,
  );
  if (closed !== undefined) return { document: undefined, value: undefined, error: closed };
  return { document, value, error: isAnswer ? opened.error : undefined };
}

/** What a document holds at a JSON pointer; undefined when there is nothing. Other changes of the document render nothing anew. */
export function useValueAt(document: AnyDocument | undefined, path: string): unknown {
  return useOutside(
    useCallback((changed: () => void) => document?.subscribe(changed) ?? nothingToEnd, [document]),
    () => valueAt(document?.value, path),
  );
}

/** The library's document of a freeform Yjs document, to bind an editor to; another one after a write to it was refused. */
export function useYjs(document: AnyDocument | undefined): Doc | undefined {
  return useOutside(
    useCallback((changed: () => void) => document?.subscribeYjs(changed) ?? nothingToEnd, [document]),
    () => document?.yjs,
  );
}

export function useClientStatus(client: Pick<Client, 'status' | 'onStatus'>): ClientStatus {
  return useOutside(
    useCallback((changed: () => void) => client.onStatus(changed), [client]),
    () => client.status,
  );
}

/** How far a write is; undefined without one. */
export function useWriteState(write: Write | undefined): WriteState | undefined {
  return useOutside(
    useCallback((changed: () => void) => write?.subscribe(changed) ?? nothingToEnd, [write]),
    () => write?.state,
  );
}

const nobody: ReadonlyMap<number, JsonObject> = new Map();

/** Who else is at a document. */
export function usePresence(document: AnyDocument | undefined): ReadonlyMap<number, JsonObject> {
  return useOutside(
    useCallback((changed: () => void) => document?.presence.subscribe(changed) ?? nothingToEnd, [document]),
    () => document?.presence.others ?? nobody,
  );
}

function nothingToEnd(): void {}

/** What stands outside of React, read in the same way on a server. */
function useOutside<Value>(subscribe: (changed: () => void) => () => void, read: () => Value): Value {
  return useSyncExternalStore(subscribe, read, read);
}
