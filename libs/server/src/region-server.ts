// The HTTP server of a region. The routes of clients are answered right here, before Express sees them: a framework's dispatch
// would cost more than the durable write behind it. All other routes go through Express to the same door.
//
//   request --> clients' routes --------------------> HttpDoor --> handler --> replica
//          \--> everything else --> Express ------>/
//   upgrade --> UpgradeRouter --> sync session or link
//
// What pages of other sites send is refused before any of these sees it (OriginPolicy).
//
// Stopping: readiness turns to 503 and clients' requests are refused, streams end, requests under way finish (bounded),
// then the listener and every connection close.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AnabranchError } from '@anabranch/base';
import { ChangeFeeds } from './changes/change-feeds.ts';
import { digestDocumentRoute } from './documents/digest-document.ts';
import { collectionConflictsRoute, documentConflictsRoute, restoreConflictRoute } from './documents/document-conflicts.ts';
import { DocumentEvents } from './documents/document-events.ts';
import { documentHistoryRoute } from './documents/document-history.ts';
import { listDocumentsRoute } from './documents/list-documents.ts';
import { readDocumentRoute } from './documents/read-document.ts';
import { readWriteRoute } from './documents/read-write.ts';
import { readRightsRoute, reclaimRightsRoute } from './documents/rights.ts';
import { transactionRoute } from './documents/transaction.ts';
import { deleteDocumentRoute, patchDocumentRoute } from './documents/write-document.ts';
import type { DoorParts } from './door-parts.ts';
import { HttpDoor, isForClients } from './http/http-door.ts';
import { OriginPolicy, type OriginPolicyOptions } from './http/origin-policy.ts';
import { clientFailure, refuseSocket } from './http/raw-answer.ts';
import { type Route, RouteTable } from './http/route-table.ts';
import { openApiRoute } from './openapi/openapi-route.ts';
import { livezRoute, type MetricsSource, metricsRoute, readyzRoute } from './operations/health.ts';
import { operationsApp } from './operations/operations-app.ts';
import { type GaugeSample, replicaGauges } from './operations/replica-gauges.ts';
import { statusRoute } from './operations/status.ts';
import { type UpgradeHandler, UpgradeRouter } from './upgrade-router.ts';

export interface RegionServerOptions extends DoorParts {
  /** What `/metrics` shows. */
  readonly metricsSource: MetricsSource;
  /** WebSocket doors by path; a path that ends in a slash stands for all below it. */
  readonly upgrades: ReadonlyMap<string, UpgradeHandler>;
  readonly origins: OriginPolicyOptions;
  /** Of the software, for the OpenAPI document. */
  readonly version: string;
}

export class RegionServer {
  /** Every route, in the order of the OpenAPI document. */
  readonly routes: readonly Route[];
  readonly #options: RegionServerOptions;
  readonly #events: DocumentEvents;
  readonly #changes: ChangeFeeds;
  readonly #door: HttpDoor;
  readonly #upgrades: UpgradeRouter;
  readonly #server: Server;
  #whenDrained: Promise<void> | undefined;

  constructor(options: RegionServerOptions) {
    this.#options = options;
    this.#events = new DocumentEvents(options);
    this.#changes = new ChangeFeeds(options);
    const documentRoutes = [
      readDocumentRoute(options),
      patchDocumentRoute(options),
      deleteDocumentRoute(options),
      listDocumentsRoute(options),
      this.#events.route,
      digestDocumentRoute(options),
      transactionRoute(options),
      documentHistoryRoute(options),
      this.#changes.route,
      documentConflictsRoute(options),
      collectionConflictsRoute(options),
      restoreConflictRoute(options),
      readWriteRoute(options),
      readRightsRoute(options),
      reclaimRightsRoute(options),
    ];
    const operatorRoutes = [
      statusRoute(options),
      livezRoute(),
      readyzRoute(() => this.#notReadyReason()),
      metricsRoute(options.metricsSource),
    ];
    const openApi = openApiRoute([...documentRoutes, ...operatorRoutes], options);
    this.routes = [...documentRoutes, ...operatorRoutes, openApi];
    const origins = new OriginPolicy(options.origins);
    this.#door = new HttpDoor(options, new RouteTable(this.routes), origins);
    this.#upgrades = new UpgradeRouter(options.upgrades, origins);
    this.#server = this.#createServer(operationsApp([...operatorRoutes, openApi], this.#door), origins);
  }

  /** @throws AnabranchError `port_taken`. */
  listen(host: string, port: number): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        const isTaken = Reflect.get(error, 'code') === 'EADDRINUSE';
        reject(isTaken ? new AnabranchError('port_taken', `${host}:${port} is used by another process`) : error);
      });
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        if (typeof address === 'object' && address !== null) resolve(address);
      });
    });
  }

  /** The present values of the gauges of replica and doors. */
  gauges(): GaugeSample[] {
    return [
      ...replicaGauges(this.#options.replica.status()),
      { name: 'anabranch_http_event_streams', value: this.#events.openCount },
      { name: 'anabranch_http_change_feeds', value: this.#changes.openCount },
      { name: 'anabranch_http_requests_in_flight', value: this.#door.inFlight },
    ];
  }

  /** Takes no more requests; resolves when those under way are answered, at the latest after `stopMsMax`. */
  drain(): Promise<void> {
    this.#whenDrained ??= this.#drain();
    return this.#whenDrained;
  }

  /** Drains; resolves when every connection is closed, at the latest after another `stopMsMax`. */
  async stop(): Promise<void> {
    await this.drain();
    await this.#close();
  }

  #drain(): Promise<void> {
    const { clock, limits } = this.#options;
    this.#upgrades.drain();
    this.#events.close();
    this.#changes.close();
    return new Promise((resolve) => {
      const deadline = clock.setTimer(limits.stopMsMax, resolve);
      void this.#door.drain().then(() => {
        deadline.cancel();
        resolve();
      });
    });
  }

  /** Answers that were handed to the network get until the deadline to leave; idle connections close at once. */
  async #close(): Promise<void> {
    const { clock, limits } = this.#options;
    const deadline = clock.setTimer(limits.stopMsMax, () => {
      this.#server.closeAllConnections();
      this.#upgrades.cut();
    });
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
    });
    deadline.cancel();
  }

  #createServer(operations: (request: IncomingMessage, response: ServerResponse) => void, origins: OriginPolicy): Server {
    const { limits } = this.#options;
    const server = createServer({
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: limits.timeoutCheckMs,
      keepAliveTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.headerBytesMax,
      noDelay: true,
    });
    server.maxConnections = limits.connectionsMax;
    server.on('request', (request, response) => {
      const refusal = origins.refusalOf(request.headers);
      if (refusal !== undefined) this.#door.refuse(request, response, refusal);
      else if (isForClients(request.url ?? '/')) this.#door.receive(request, response);
      else operations(request, response);
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => this.#upgrades.receive(request, socket, head));
    server.on('clientError', (error: Error, socket: Socket) => {
      // After the first answer a raw one could fall into the middle of another: then the connection only closes.
      if (socket.writable && socket.bytesWritten === 0) refuseSocket(socket, clientFailure(error));
      else socket.destroy();
    });
    return server;
  }

  #notReadyReason(): string | undefined {
    if (this.#door.isStopping) return 'the region is stopping';
    const status = this.#options.replica.status();
    return status.isWritable ? undefined : (status.notWritableReason ?? 'the region takes no writes');
  }
}
