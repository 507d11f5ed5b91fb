import { WebSocket } from 'ws';

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A client that sends what it likes, and keeps what it is told. */
export class RawClient {
  readonly messages: Uint8Array[] = [];
  readonly whenOpen: Promise<void>;
  readonly whenClosed: Promise<Closed>;
  readonly socket: WebSocket;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on('error', () => {});
    this.socket.on('message', (data) => {
      if (Buffer.isBuffer(data)) this.messages.push(Uint8Array.from(data));
    });
    this.whenOpen = new Promise((resolve) => this.socket.once('open', () => resolve()));
    this.whenClosed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  async send(message: Uint8Array | string): Promise<void> {
    await this.whenOpen;
    this.socket.send(message);
  }

  close(): void {
    this.socket.terminate();
  }
}
