// Why a document is not open, or not whole.

import { AnabranchError } from '@anabranch/base';
import type { DocumentId } from '@anabranch/protocol';

export function clientClosed(): AnabranchError {
  return new AnabranchError('client_closed', 'the client was closed');
}

/** Until a region sends it. */
export function damagedError(document: DocumentId): AnabranchError {
  const message = `a part of what was kept of ${document} cannot be read: it is asked for whole, from a region`;
  return new AnabranchError('record_damaged', message, { document });
}

export function forgottenError(document: DocumentId): AnabranchError {
  return new AnabranchError('document_unavailable', `the device was told to forget ${document}`, { document });
}
