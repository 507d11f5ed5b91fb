// Keeps the files of the shop on the device, so that it opens without a network. What the shop is about is kept by its client;
// nothing of that goes through here.
//
//   install  --> all files of this version into a cache of its own
//   activate --> once no tab uses the version before, or somebody asked for it
//   fetch    --> a page: the index of this version;  a file: from a cache, else from the network
//
// Invariant 1: a page and its files are of one version: the index that is given out is that of the same cache, and the other
//              files carry their content in their names.
// Invariant 2: a tab that is still open keeps working when another version takes over: its files stay one version longer.

import type { WorkerScope } from './worker-scope.ts';

declare const self: WorkerScope;

/** Filled in by the build: the version, and the files, relative to the scope. */
const [version = '', ...files] = '__SHOP_FILES__'.split(' ');

const cachePrefix = 'shop-';
const cacheName = cachePrefix + version;
const versionsKept = 2;

self.addEventListener('install', (event) => event.waitUntil(keepFiles()));
self.addEventListener('activate', (event) => event.waitUntil(takeOver()));
self.addEventListener('message', ({ data }) => {
  if (data === 'use-now') void self.skipWaiting();
});
self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope)) return;
  event.respondWith(request.mode === 'navigate' ? index(request) : file(request));
});

async function keepFiles(): Promise<void> {
  const cache = await self.caches.open(cacheName);
  // Past the HTTP cache: what is kept must be what the server has now.
  await cache.addAll(files.map((path) => new Request(scoped(path), { cache: 'reload' })));
}

async function takeOver(): Promise<void> {
  // In the order in which they were made.
  const names = (await self.caches.keys()).filter((name) => name.startsWith(cachePrefix) && name !== cacheName);
  await Promise.all(names.slice(0, Math.max(0, names.length - (versionsKept - 1))).map((name) => self.caches.delete(name)));
  await self.clients.claim();
}

async function index(request: Request): Promise<Response> {
  const cache = await self.caches.open(cacheName);
  return (await cache.match(scoped('index.html'))) ?? fetch(request);
}

async function file(request: Request): Promise<Response> {
  return (await self.caches.match(request)) ?? fetch(request);
}

function scoped(path: string): string {
  return new URL(path, self.registration.scope).href;
}
