// Between a socket's request and a handler's answer: finds the route, reads the body, calls the handler, turns failures into
// problems, measures. It does this for every route, whether Node's server calls it directly or Express does.
//
// Invariant 1: every request gets exactly one answer, and a handler's failure is always a problem document.
// Invariant 2: at most requestsInFlightMax requests hold a body or wait for a handler; the next one is refused unread.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { AnabranchError } from '@anabranch/base';
import type { DoorParts } from '../door-parts.ts';
import { readBody } from './body-reader.ts';
import { corsFields, optionsAnswer } from './cors.ts';
import type { DoorResponse, StreamSink } from './door-request.ts';
import type { OriginPolicy } from './origin-policy.ts';
import { expectedFailure, problemResponse } from './problem.ts';
import type { RouteMatch, RouteTable } from './route-table.ts';

/** The label of requests that fit no route. */
const unmatchedRoute = 'unmatched';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The template, for metrics. */
  readonly route: string;
  readonly startMs: number;
}

export class HttpDoor {
  readonly #parts: DoorParts;
  readonly #routes: RouteTable;
  readonly #origins: OriginPolicy;
  readonly #labels = new Map<string, Readonly<Record<string, string>>>();
  #inFlight = 0;
  #isStopping = false;
  #whenIdle: (() => void) | undefined;

  constructor(parts: DoorParts, routes: RouteTable, origins: OriginPolicy) {
    this.#parts = parts;
    this.#routes = routes;
    this.#origins = origins;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** From now on only operators' routes answer; resolves when no request is under way. */
  drain(): Promise<void> {
    this.#isStopping = true;
    return new Promise((resolve) => {
      if (this.#inFlight === 0) resolve();
      else this.#whenIdle = resolve;
    });
  }

  /** Answers any request by the route table. */
  receive(request: IncomingMessage, response: ServerResponse): void {
    const { path } = splitTarget(request.url ?? '/');
    const methods = request.method === 'OPTIONS' ? this.#routes.methodsOf(path) : undefined;
    if (methods !== undefined) {
      this.#write(request, response, optionsAnswer(methods));
      return;
    }
    let match: RouteMatch;
    try {
      match = this.#routes.match(request.method ?? '', path);
    } catch (error) {
      this.refuse(request, response, error);
      return;
    }
    this.answer(request, response, match);
  }

  /** Answers a request that found no route, or failed on the way to one. */
  refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    this.#finish({ request, response, route: unmatchedRoute, startMs: this.#parts.clock.monotonicMs() }, this.#refusal(error));
  }

  /** Answers a request whose route is known. */
  answer(request: IncomingMessage, response: ServerResponse, match: RouteMatch): void {
    const { template } = match.route;
    const exchange = { request, response, route: template, startMs: this.#parts.clock.monotonicMs() };
    this.#inFlight++;
    this.#handle(request, match)
      .catch((error: unknown) => this.#refusal(error))
      .then((answer) => this.#finish(exchange, answer))
      .catch((error: unknown) => {
        this.#parts.logger.error('http.answer_failed', { route: template, error });
        response.destroy();
      })
      .finally(() => {
        this.#inFlight--;
        if (this.#inFlight === 0) this.#whenIdle?.();
      });
  }

  async #handle(request: IncomingMessage, { route, parameters }: RouteMatch): Promise<DoorResponse> {
    const { limits } = this.#parts;
    const isForOperators = !isForClients(route.template);
    if (this.#isStopping && !isForOperators) throw new AnabranchError('not_ready', 'the region is stopping');
    if (this.#inFlight > limits.requestsInFlightMax && !isForOperators) {
      throw new AnabranchError('overloaded', 'too many requests are under way');
    }
    const body = await readBody(request, limits.bodyBytesMax);
    const { path, query } = splitTarget(request.url ?? '/');
    return await route.handle({ method: route.method, path, parameters, query, headers: request.headers, body });
  }

  #refusal(error: unknown): DoorResponse {
    const failure = expectedFailure(error);
    if (failure.entry.status >= 500 && failure.entry.status !== 503) {
      this.#parts.logger.error('http.failed', { code: failure.code, error });
    }
    this.#parts.metrics.count('anabranch_http_refusals_total', { code: failure.code });
    return problemResponse(failure);
  }

  #finish({ request, response, route, startMs }: Exchange, answer: DoorResponse): void {
    const { clock, metrics } = this.#parts;
    this.#write(request, response, answer);
    const labels = this.#labelsOf(route, request.method ?? '', answer.status);
    metrics.observe('anabranch_http_request_duration_seconds', (clock.monotonicMs() - startMs) / 1000, labels);
  }

  #write(request: IncomingMessage, response: ServerResponse, { status, headers, body, dropped }: DoorResponse): void {
    if (response.destroyed) return dropped?.();
    const fields: Record<string, string | number> = {
      ...headers,
      'x-content-type-options': 'nosniff',
      ...corsFields(this.#origins, request.headers),
    };
    if (this.#isStopping) fields['connection'] = 'close';
    if (typeof body === 'function') {
      response.writeHead(status, fields);
      if (request.method !== 'HEAD') return body(sinkOf(response));
      response.end();
      return dropped?.();
    }
    if (status !== 204 && status !== 304) fields['content-length'] = body === undefined ? 0 : Buffer.byteLength(body);
    response.writeHead(status, fields);
    response.end(body);
  }

  #labelsOf(route: string, method: string, status: number): Readonly<Record<string, string>> {
    const key = `${status} ${method} ${route}`;
    let labels = this.#labels.get(key);
    if (labels === undefined) {
      labels = { route, method, status: String(status) };
      this.#labels.set(key, labels);
    }
    return labels;
  }
}

/** What carries data, and not only the state of the region: refused while it stops, answered before Express sees it. */
export function isForClients(target: string): boolean {
  return target.startsWith('/v1/') && !target.startsWith('/v1/status');
}

/** The path and query of a request target; the scheme and host of an absolute one (RFC 9112, 3.2.2) are cut off. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const local = target.startsWith('/') ? target : target.replace(/^https?:\/\/[^/?#]*/i, '');
  const mark = local.indexOf('?');
  return mark < 0 ? { path: local, query: '' } : { path: local.slice(0, mark), query: local.slice(mark + 1) };
}

function sinkOf(response: ServerResponse): StreamSink {
  return {
    write: (text) => response.write(text),
    whenDrained: (callback) => {
      const once = (): void => {
        response.off('drain', once).off('close', once);
        callback();
      };
      response.on('drain', once).on('close', once);
    },
    whenClosed: (callback) => void response.once('close', callback),
    end: () => void response.end(),
    cut: () => void response.destroy(),
  };
}
