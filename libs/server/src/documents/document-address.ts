import { AnabranchError } from '@anabranch/base';
import type { CollectionSchema } from '@anabranch/crdt';
import type { ReplicaDoor } from '@anabranch/engine';
import { type DocumentId, documentIdOf } from '@anabranch/protocol';
import type { DoorRequest } from '../http/door-request.ts';

export interface AddressedCollection {
  readonly name: string;
  readonly schema: CollectionSchema;
}

/** @throws AnabranchError `collection_not_found`. */
export function collectionOf(request: DoorRequest, replica: ReplicaDoor): AddressedCollection {
  const name = request.parameters.get('collection') ?? '';
  const schema = replica.collections.get(name);
  if (schema === undefined) throw new AnabranchError('collection_not_found', 'the region serves no collection of this name');
  return { name, schema };
}

/** @throws AnabranchError `collection_not_found`, `document_id_invalid`. */
export function documentOf(request: DoorRequest, replica: ReplicaDoor): DocumentId {
  return documentIdOf(collectionOf(request, replica).name, request.parameters.get('id') ?? '');
}
