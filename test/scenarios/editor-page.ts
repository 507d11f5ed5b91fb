// Serves the editor of page/ to a browser, with the packages it imports: as they are installed, unbundled, on loopback.

import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join } from 'node:path';

const page = join(import.meta.dirname, 'page');
// From where y-websocket finds its own: the same copies it runs on in Node.
const providerPath = createRequire(import.meta.url).resolve('y-websocket/package.json');
const { resolve } = createRequire(providerPath);
const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
};

/** The modules of a package that a browser may import, by what it imports them as. */
const packages: ReadonlyArray<{ readonly name: string; readonly folder: string; readonly main?: string }> = [
  { name: 'yjs', folder: dirname(resolve('yjs/package.json')), main: 'dist/yjs.mjs' },
  { name: 'y-websocket', folder: dirname(providerPath), main: 'src/y-websocket.js' },
  { name: 'y-protocols', folder: dirname(resolve('y-protocols/package.json')) },
  { name: 'lib0', folder: dirname(resolve('lib0/package.json')) },
];

export interface EditorPage {
  readonly url: string;
  close(): void;
}

export async function serveEditorPage(): Promise<EditorPage> {
  const files = new Map([
    ['/', join(page, 'index.html')],
    ['/editor.js', join(page, 'editor.js')],
  ]);
  const imports: Record<string, string> = {};
  for (const { name, folder, main } of packages) {
    const modules = main === undefined ? modulesIn(folder) : [main];
    for (const file of modules) {
      const path = `/modules/${name}/${file}`;
      imports[main === undefined ? `${name}/${file.slice(0, -'.js'.length)}` : name] = path;
      files.set(path, join(folder, file));
    }
  }
  const importMap = JSON.stringify({ imports });
  const server: Server = createServer((request, response) => {
    const file = files.get(new URL(request.url ?? '/', 'http://page').pathname);
    if (file === undefined) return void response.writeHead(404).end();
    response.setHeader('content-type', mediaTypes[extname(file)] ?? 'application/octet-stream');
    response.end(readFileSync(file, 'utf8').replace('{"imports": {}}', importMap));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function modulesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => extname(file) === '.js');
}
