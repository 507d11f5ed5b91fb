// What handlers see of HTTP: a request that has arrived whole, an answer that is complete or a stream. They know nothing of
// sockets, so the same handlers stand behind the fast path and behind Express.

import type { IncomingHttpHeaders } from 'node:http';

export interface DoorRequest {
  readonly method: string;
  /** As it was sent, percent-encoded, without the query. */
  readonly path: string;
  /** The template parameters of the path, decoded once. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Without the question mark. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

export interface DoorResponse {
  readonly status: number;
  /** Names in lower case. Content-Length is added. */
  readonly headers: Readonly<Record<string, string>>;
  /** A text is sent with its header fields in one piece. */
  readonly body: string | StreamBody | undefined;
  /** Called in place of a stream's body when nobody is there to read it. */
  readonly dropped?: () => void;
}

/** Starts to write a body that has no end of its own. */
export type StreamBody = (sink: StreamSink) => void;

export interface StreamSink {
  /** False when the reader is behind: wait for {@link whenDrained} before writing more. */
  write(text: string): boolean;
  whenDrained(callback: () => void): void;
  /** The reader has gone, or the stream has ended. */
  whenClosed(callback: () => void): void;
  end(): void;
  /** Ends without waiting for the reader. */
  cut(): void;
}

export type DoorHandler = (request: DoorRequest) => Promise<DoorResponse>;
