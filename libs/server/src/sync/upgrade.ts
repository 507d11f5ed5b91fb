// Upgrade requests of the sync doors, before and after they become WebSockets.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { AnabranchError, isAnabranchError, type Logger } from '@anabranch/base';
import type { CollectionSchema, Library } from '@anabranch/crdt';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { closeCodeOf } from './session-close.ts';
import type { SyncLimits } from './sync-limits.ts';

/** Takes over a socket that asks to be upgraded; what it answers, it answers itself. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** A WebSocket server for clients: no compression, whose windows would cost each idle session more than its memory bar. */
export function clientSocketServer(messageBytesMax: number, limits: SyncLimits): WebSocketServer {
  const options = { closeTimeout: limits.closeMsMax, maxFragments: 1_024, maxPayload: messageBytesMax };
  const settings: ServerOptions = { ...options, noServer: true, clientTracking: false, perMessageDeflate: false };
  return new WebSocketServer(settings);
}

/** The segments of a request's path, percent-decoded once. @throws AnabranchError `document_id_invalid`. */
export function pathSegmentsOf(request: IncomingMessage): readonly string[] {
  const [path = ''] = (request.url ?? '').split('?', 1);
  try {
    return path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    throw new AnabranchError('document_id_invalid', 'the path has a malformed percent-encoding');
  }
}

/** The schema of a collection that is kept with `library`. @throws AnabranchError `collection_not_found`, `library_mismatch`. */
export function schemaFor(collections: ReadonlyMap<string, CollectionSchema>, collection: string, library: Library): CollectionSchema {
  const schema = collections.get(collection);
  if (schema === undefined) throw new AnabranchError('collection_not_found', 'the region serves no collection of this name');
  if (schema.library !== library) {
    throw new AnabranchError('library_mismatch', `the collection is kept with ${schema.library}, the door speaks ${library}`);
  }
  return schema;
}

/** Opens a session, or closes the socket with the reason: a browser sees close codes, but no HTTP status. */
export function openOrRefuse(socket: WebSocket, logger: Logger, open: () => void | Promise<void>): void {
  const refuse = (error: unknown): void => {
    const isExpected = isAnabranchError(error);
    if (!isExpected) logger.error('session.failed', { cause: error instanceof Error ? error.stack : String(error) });
    const code = isExpected ? error.code : 'internal_error';
    socket.on('error', () => {});
    socket.close(closeCodeOf(code), code);
  };
  try {
    open()?.catch(refuse);
  } catch (error) {
    refuse(error);
  }
}
