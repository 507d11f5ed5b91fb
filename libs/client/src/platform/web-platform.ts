// The platform of browsers, which Node has too: timers, random bytes, WebSocket, fetch.

import type { Clock, Random } from '@anabranch/base';
import { invalid } from '../client-options.ts';
import type { Connect, HttpAnswer, Platform, SendHttp, Tabs } from '../ports.ts';

/** What is used of a WebSocket, of the platform or of a library that is made like it (`ws`). */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  readonly readyState: number;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void;
}
export type WebSocketClass = new (url: string) => WebSocketLike;

const openState = 1;

export interface WebPlatformOptions {
  readonly tabs: Tabs;
  readonly webSocket: WebSocketClass | undefined;
  readonly onOnline: Platform['onOnline'];
}

/** @throws AnabranchError `config_invalid` without a WebSocket. */
export function webPlatform({ tabs, webSocket, onOnline }: WebPlatformOptions): Platform {
  if (webSocket === undefined) {
    throw invalid('this platform has no WebSocket: give one as webSocket, as the package ws has');
  }
  if (typeof webSocket !== 'function') throw invalid('webSocket is a class, as the package ws has');
  return { clock: webClock, random: webRandom, connect: connectBy(webSocket), sendHttp: sendByFetch, tabs, onOnline };
}

const webClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (afterMs, callback) => {
    // Longer ones would fire at once.
    const timer = setTimeout(callback, Math.min(afterMs, 2 ** 31 - 1));
    return { cancel: () => clearTimeout(timer) };
  },
};

const webRandom: Random = {
  u32: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
  bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
};

function connectBy(webSocket: WebSocketClass): Connect {
  return (url, listener) => {
    const socket = new webSocket(url);
    socket.binaryType = 'arraybuffer';
    let isClosed = false;
    const close = (code: number, reason: string): void => {
      if (isClosed) return;
      isClosed = true;
      listener.closed(code, reason);
    };
    socket.addEventListener('open', () => {
      if (!isClosed) listener.opened();
    });
    socket.addEventListener('message', ({ data }) => {
      if (!isClosed && data instanceof ArrayBuffer) listener.received(new Uint8Array(data));
    });
    socket.addEventListener('close', ({ code, reason }) => close(code, reason));
    // What went wrong is told by the close that follows.
    socket.addEventListener('error', () => {});
    return {
      get bufferedBytes(): number {
        return socket.bufferedAmount;
      },
      send: (bytes) => {
        if (!isClosed && socket.readyState === openState) socket.send(bytes as Uint8Array<ArrayBuffer>);
      },
      close: () => {
        isClosed = true;
        socket.close(1000);
      },
    };
  };
}

const sendByFetch: SendHttp = async ({ method, url, headers, body, timeoutMs }): Promise<HttpAnswer> => {
  const response = await fetch(url, {
    ...{ method, headers, cache: 'no-store', credentials: 'omit' },
    ...(body !== undefined && { body }),
    signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
  });
  const text = await response.text();
  const wallMs = Date.parse(response.headers.get('date') ?? '');
  return {
    status: response.status,
    text,
    wallMs: Number.isNaN(wallMs) ? undefined : wallMs,
    header: (name) => response.headers.get(name) ?? undefined,
  };
};
