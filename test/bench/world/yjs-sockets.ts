// Clients of the y-websocket and the Hocuspocus protocol, reduced to their sockets: whole providers would be slower than the
// servers they shall measure.
//
//   y-websocket   address in the path; messages: 0 sync | 1 step 2 or 2 update | update
//   Hocuspocus    the same messages, each behind the document's name; begins with an empty token

import { BoundedReader, ByteWriter } from '@anabranch/protocol';
import { WebSocket } from 'ws';

export type YjsProtocol = 'y-websocket' | 'hocuspocus';

const syncStep1 = Uint8Array.of(0, 0, 1, 0);
const syncStep1Start = Uint8Array.of(0, 0);
const syncStep2Start = Uint8Array.of(0, 1);
/** A client that has nothing of its own. */
const emptySyncStep2 = Uint8Array.of(0, 1, 2, 0, 0);
const updateStart = Uint8Array.of(0, 2);
const emptyToken = Uint8Array.of(2, 0, 0);
const admittedStart = Uint8Array.of(2, 2);

export interface YjsSocketOptions {
  readonly protocol: YjsProtocol;
  /** Of the y-websocket protocol, what the document's name is appended to. */
  readonly url: string;
  readonly document: string;
  readonly onUpdate?: (update: Uint8Array) => void;
}

export class YjsSocket {
  readonly #socket: WebSocket;
  readonly #name: Uint8Array;
  #bytes = 0;

  private constructor(socket: WebSocket, name: Uint8Array) {
    this.#socket = socket;
    this.#name = name;
  }

  /** Resolves when the client has the document. */
  static open({ protocol, url, document, onUpdate }: YjsSocketOptions): Promise<YjsSocket> {
    const isNamed = protocol === 'hocuspocus';
    const socket = new WebSocket(isNamed ? url : `${url}/${document}`, { perMessageDeflate: false });
    socket.binaryType = 'nodebuffer';
    const name = isNamed ? new ByteWriter().text(document).finish() : new Uint8Array();
    const client = new YjsSocket(socket, name);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('close', (code) => reject(new Error(`a session of ${url} was closed with ${code}`)));
      socket.once('open', () => client.#send(isNamed ? emptyToken : syncStep1));
      socket.on('message', (data) => {
        if (!Buffer.isBuffer(data)) return;
        client.#bytes += data.length;
        const begins = (start: Uint8Array): boolean => start.every((byte, n) => data[name.length + n] === byte);
        if (begins(updateStart)) onUpdate?.(updateOf(data.subarray(name.length + updateStart.length)));
        else if (begins(syncStep2Start)) resolve(client);
        else if (begins(syncStep1Start)) client.#send(emptySyncStep2);
        else if (isNamed && begins(admittedStart)) client.#send(syncStep1);
      });
    });
  }

  sendUpdate(update: Uint8Array): void {
    this.#send(new ByteWriter().bytes(updateStart).sizedBytes(update).finish());
  }

  /** Of all messages so far, both ways. */
  get messageBytes(): number {
    return this.#bytes;
  }

  end(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.terminate();
  }

  #send(message: Uint8Array): void {
    const addressed = this.#name.length === 0 ? message : Buffer.concat([this.#name, message]);
    this.#bytes += addressed.length;
    this.#socket.send(addressed);
  }
}

function updateOf(sized: Uint8Array): Uint8Array {
  return new BoundedReader(sized).sizedBytes(sized.length);
}
