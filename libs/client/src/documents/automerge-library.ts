// The Automerge library is large: a program that opens no document of it does not load it.

import { AnabranchError } from '@anabranch/base';

type AutomergeLibrary = typeof import('@anabranch/crdt/automerge');

let loaded: Promise<AutomergeLibrary> | undefined;

/** @throws AnabranchError `document_unavailable`; the next call tries again. */
export function loadAutomerge(): Promise<AutomergeLibrary> {
  loaded ??= import('@anabranch/crdt/automerge').catch((cause: unknown) => {
    loaded = undefined;
    throw new AnabranchError('document_unavailable', `the Automerge library cannot be loaded: ${String(cause)}`);
  });
  return loaded;
}
