// What the client needs of its platform, besides a store: time, randomness, connections, requests, and its tabs.

import type { Clock, Random } from '@anabranch/base';
import type { TabMessage } from './tabs/tab-message.ts';

/** One WebSocket. Nothing is called any more after `closed`, and `send` does nothing then. */
export interface Connection {
  /** Bytes handed over and not yet sent. */
  readonly bufferedBytes: number;
  send(bytes: Uint8Array): void;
  close(): void;
}

export interface ConnectionListener {
  opened(): void;
  received(bytes: Uint8Array): void;
  /** Called once, also when the connection never opened. */
  closed(code: number, reason: string): void;
}

export type Connect = (url: string, listener: ConnectionListener) => Connection;

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  /** The clock of who answered, give or take a second; undefined when it is not told. */
  readonly wallMs?: number | undefined;
  header(name: string): string | undefined;
}

/** Rejects when there was no answer, whatever became of the request. */
export type SendHttp = (request: HttpRequest) => Promise<HttpAnswer>;

/** The other tabs, or processes, of this device that share the store. */
export interface Tabs {
  /** True when no other tab or process ever shares the store. */
  readonly isAlone?: boolean;
  /** Resolves when this tab is the one that speaks with regions, and stays so until it closes. Rejects when it cannot be known. */
  lead(): Promise<void>;
  /** To all the others. */
  post(message: TabMessage): void;
  listen(listener: (message: TabMessage) => void): void;
  close(): void;
}

export interface Platform {
  readonly clock: Clock;
  readonly random: Random;
  readonly connect: Connect;
  readonly sendHttp: SendHttp;
  readonly tabs: Tabs;
  /** Calls back whenever the device may have come back to the network; returns how to end that. */
  readonly onOnline: (listener: () => void) => () => void;
}

/** The tabs of a program that is alone with its store. */
export const aloneTabs: Tabs = { isAlone: true, lead: () => Promise.resolve(), post() {}, listen() {}, close() {} };
