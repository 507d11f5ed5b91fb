// The door of the local world: the index, the shop, the console, and the API of the world, on the loopback interface only.

import { createServer, type Server } from 'node:http';
import { AnabranchError } from '@anabranch/base';
import { NodeClock } from '@anabranch/system';
import express from 'express';
import { pagesRouter } from './pages.ts';
import { problemAnswers } from './problem.ts';
import { sameOriginOnly } from './same-origin.ts';
import type { World } from './world.ts';
import { worldApi } from './world-api.ts';
import { WorldLoad } from './world-load.ts';

/** From the end of service to cutting what still hangs. */
const stopDeadlineMs = 2_000;

const securityHeaders = {
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
};

/** Pages load what is theirs, and speak with the regions of this world. */
function contentPolicy(world: World): string {
  const regions = world.regions.flatMap(({ url }) => [url, url.replace('http', 'ws')]).join(' ');
  const own = ['script-src', 'style-src', 'img-src', 'worker-src', 'manifest-src'].map((kind) => `${kind} 'self'`).join('; ');
  return `default-src 'none'; ${own}; connect-src 'self' ${regions}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
}

export class PageServer {
  readonly #server: Server;
  readonly #load: WorldLoad;

  private constructor(server: Server, load: WorldLoad) {
    this.#server = server;
    this.#load = load;
  }

  /**
   * Serves the page of `world` on 127.0.0.1:`port`; 0 picks a free one.
   * @throws AnabranchError `port_taken`
   */
  static async listen(world: World, port: number, reportDefect: (error: unknown) => void): Promise<PageServer> {
    const policy = contentPolicy(world);
    const app = express();
    app.disable('x-powered-by');
    app.disable('etag');
    app.use((_request, response, next) => {
      response.set({ ...securityHeaders, 'content-security-policy': policy });
      next();
    });
    const server = createServer(app);
    const load = new WorldLoad(world.regions, new NodeClock());
    const page = new PageServer(server, load);
    app.use(sameOriginOnly(() => page.port));
    app.use('/api', worldApi(world, load));
    app.use(pagesRouter());
    app.use((request) => {
      throw new AnabranchError('route_not_found', `there is nothing at ${request.path}`);
    });
    app.use(problemAnswers(reportDefect));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const message = `port ${port} is in use: stop what uses it, or choose other ports with --port-base`;
        reject(error.code === 'EADDRINUSE' ? new AnabranchError('port_taken', message, { port }) : error);
      });
      server.listen(port, '127.0.0.1', resolve);
    });
    return page;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.#load.stop();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const deadline = setTimeout(() => this.#server.closeAllConnections(), stopDeadlineMs);
    await closed;
    clearTimeout(deadline);
  }
}
