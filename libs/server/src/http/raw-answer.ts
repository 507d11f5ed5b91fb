// Answers on sockets that Node's HTTP server does not answer itself: requests it could not parse, and upgrades.

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { AnabranchError } from '@anabranch/base';
import { problemResponse } from './problem.ts';

/** Sends a problem document and closes the connection, without waiting for the client to close. */
export function refuseSocket(socket: Duplex, failure: AnabranchError): void {
  const { status, headers, body } = problemResponse(failure);
  const text = typeof body === 'string' ? body : '';
  const fields = { ...headers, 'content-length': String(Buffer.byteLength(text)), connection: 'close' };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${text}`, () => socket.destroy());
}

/** The failure behind a `clientError` of Node's HTTP server. */
export function clientFailure(error: Error): AnabranchError {
  switch (Reflect.get(error, 'code')) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AnabranchError('request_timeout', 'the request did not arrive in time');
    case 'HPE_HEADER_OVERFLOW':
      return new AnabranchError('headers_too_large', 'the header fields are too large');
    default:
      return new AnabranchError('request_malformed', 'the request is not HTTP');
  }
}
