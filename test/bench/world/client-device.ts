// An embedded client as an application in Node has it: its store in a folder, its socket counted.

import type { Client } from '@anabranch/client';
import { createClient } from '@anabranch/client/node';
import { WebSocket } from 'ws';
import { benchCollections } from './bench-replica.ts';

export type Device = Client;

/** Bytes on the sockets of all sessions of this process so far, WebSocket frames included. */
export function socketBytes(): number {
  return CountedSocket.all.reduce((sum, socket) => sum + socket.bytes, 0);
}

export function openDevice(folder: string, port: number): Promise<Device> {
  return createClient({
    folder,
    regions: [{ name: 'new-york', url: `http://127.0.0.1:${port}` }],
    collections: Object.fromEntries(benchCollections),
    webSocket: CountedSocket,
  });
}

export async function untilConnected(device: Device): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (device.status.connection !== 'online') return;
      end();
      resolve();
    };
    const end = device.onStatus(look);
    look();
  });
}

class CountedSocket extends WebSocket {
  static readonly all: CountedSocket[] = [];
  #socket: { readonly bytesRead: number; readonly bytesWritten: number } | undefined;

  constructor(url: string) {
    super(url, { perMessageDeflate: false });
    CountedSocket.all.push(this);
    this.once('upgrade', ({ socket }) => {
      this.#socket = socket;
    });
  }

  get bytes(): number {
    return this.#socket === undefined ? 0 : this.#socket.bytesRead + this.#socket.bytesWritten;
  }
}
