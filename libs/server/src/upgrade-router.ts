// WebSocket upgrades find their door by path. What is refused is refused here, as HTTP, before a door sees it.
//
// Invariant 1: every upgraded socket has an error listener from the start and is cut when the server has stopped.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { AnabranchError } from '@anabranch/base';
import { splitTarget } from './http/http-door.ts';
import type { OriginPolicy } from './http/origin-policy.ts';
import { refuseSocket } from './http/raw-answer.ts';

/** Takes over a socket that asks to be upgraded. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export class UpgradeRouter {
  readonly #handlers: ReadonlyMap<string, UpgradeHandler>;
  readonly #origins: OriginPolicy;
  readonly #open = new Set<Duplex>();
  #isStopping = false;

  /** `handlers` by path: one that ends in a slash takes everything below it. */
  constructor(handlers: ReadonlyMap<string, UpgradeHandler>, origins: OriginPolicy) {
    this.#handlers = handlers;
    this.#origins = origins;
  }

  receive(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { path } = splitTarget(request.url ?? '/');
    const handler = this.#handlerOf(path);
    const refusal = this.#refusalOf(request);
    if (handler === undefined || refusal !== undefined) {
      refuseSocket(socket, refusal ?? this.#notFound());
      return;
    }
    this.#open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#open.delete(socket));
    handler(request, socket, head);
  }

  /** Refuses upgrades from now on. */
  drain(): void {
    this.#isStopping = true;
  }

  /** Cuts what is still open. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #refusalOf({ headers }: IncomingMessage): AnabranchError | undefined {
    if (this.#isStopping) return new AnabranchError('not_ready', 'the region is stopping');
    return this.#origins.refusalOf(headers);
  }

  #notFound(): AnabranchError {
    return new AnabranchError('route_not_found', `no WebSocket is taken at this path, but at ${[...this.#handlers.keys()].join(', ')}`);
  }

  #handlerOf(path: string): UpgradeHandler | undefined {
    for (const [prefix, handler] of this.#handlers) {
      if (prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix) return handler;
    }
    return undefined;
  }
}
