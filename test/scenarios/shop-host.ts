// A host of the shop that can be given another version of it: the built files, with other names and a changed script, as the
// next build would have them.

import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { World } from '@anabranch/demo';

const built = fileURLToPath(new URL('../../apps/cart/dist/web', import.meta.url));
const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

export class ShopHost {
  readonly #server: Server;
  readonly #files = new Map<string, Buffer>();

  private constructor(world: World) {
    const status = JSON.stringify({ regions: world.regions.map(({ name, url }) => ({ name, url })) });
    for (const path of readdirSync(built, { recursive: true, encoding: 'utf8' })) {
      if (posix.extname(path) !== '') this.#files.set(path, readFileSync(join(built, path)));
    }
    this.#server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://host');
      const path = pathname === '/shop/' ? 'index.html' : pathname.replace(/^\/shop\//, '');
      const body = pathname === '/api/status' ? status : this.#files.get(path);
      response.writeHead(body === undefined ? 404 : 200, {
        'content-type': pathname === '/api/status' ? 'application/json' : (mediaTypes[posix.extname(path)] ?? 'text/plain'),
        'cache-control': 'no-cache',
      });
      response.end(body);
    });
  }

  static async start(world: World): Promise<ShopHost> {
    const host = new ShopHost(world);
    await new Promise<void>((resolve) => host.#server.listen(0, '127.0.0.1', resolve));
    return host;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  /** From now on only the files of another version are there. */
  deploy(version: string): void {
    const script = [...this.#files.keys()].find((path) => /^assets\/index-.*\.js$/.test(path)) ?? '';
    const renamed = script.replace('assets/index-', `assets/index-${version}-`);
    this.#files.set(renamed, this.#files.get(script) ?? Buffer.of());
    this.#files.delete(script);
    for (const path of ['index.html', 'service-worker.js']) {
      const text = this.#files.get(path)?.toString() ?? '';
      // The first word of the worker's list is the version.
      this.#files.set(path, Buffer.from(text.replaceAll(script, renamed).replace(/[0-9a-f]{16}(?= assets\/)/, version)));
    }
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}
