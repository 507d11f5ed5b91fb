import type { Socket } from 'node:net';

/** One end of a connection, with everything it has seen. */
export class ConnectionEnd {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  #receivedBytes = 0;
  #hasEnded = false;
  #isReset = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#receivedBytes += chunk.length;
    });
    socket.on('end', () => {
      this.#hasEnded = true;
    });
    socket.on('error', () => {
      this.#isReset = true;
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get text(): string {
    return this.received.toString('latin1');
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  get isReset(): boolean {
    return this.#isReset;
  }
}
