// Reads a request body whole, within a limit. A body that is too large is refused at its declared length or at the byte that
// exceeds the limit; what still arrives is discarded, and the server's request timeout bounds how long.

import type { IncomingMessage } from 'node:http';
import { AnabranchError } from '@anabranch/base';

const noBody: Uint8Array = new Uint8Array();

/** @throws AnabranchError `request_too_large`, `content_type_unsupported` for an encoded body, `request_malformed`. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  const declared = request.headers['content-length'];
  if (declared === undefined && request.headers['transfer-encoding'] === undefined) return noBody;
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new AnabranchError('content_type_unsupported', 'bodies are not compressed: send them without Content-Encoding');
  }
  if (declared !== undefined && Number(declared) > bytesMax) throw tooLarge(bytesMax);
  return await collect(request, bytesMax);
}

function collect(request: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let isWhole = false;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) chunks.push(chunk);
      else {
        chunks.length = 0;
        reject(tooLarge(bytesMax));
      }
    });
    request.on('end', () => {
      isWhole = true;
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    request.on('close', () => {
      if (!isWhole) reject(new AnabranchError('request_malformed', 'the body broke off'));
    });
  });
}

function tooLarge(bytesMax: number): AnabranchError {
  return new AnabranchError('request_too_large', `a body takes at most ${bytesMax} bytes`, { bytesMax });
}
