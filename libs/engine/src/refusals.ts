// How a replica refuses what it cannot serve at all, or not now.

import { AnabranchError } from '@anabranch/base';

export function collectionNotFound(collection: string): AnabranchError {
  return new AnabranchError('collection_not_found', `the region serves no collection ${JSON.stringify(collection)}`);
}

export function notReady(message: string): AnabranchError {
  return new AnabranchError('not_ready', message, { retryAfterMs: 1000 });
}
