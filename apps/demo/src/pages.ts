// The pages of the local world, as the builds of the other apps left them: `/` and `/console/` of apps/console, `/shop/` of
// apps/cart; and below `/docs/` the documents, as they are written.
//
// Invariant 1: what has a digest in its name may be kept for ever, everything else is asked for again each time.
// Invariant 2: a path below a page that names no file is the page: addresses inside of it survive a reload.

import { existsSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AnabranchError } from '@anabranch/base';
import express, { type RequestHandler, Router } from 'express';

const folderOf = (app: string): string => fileURLToPath(new URL(`../../${app}/dist/web`, import.meta.url));

/** Paths and the file that is shown below each. */
const pages = [
  { path: '/shop', folder: folderOf('cart'), file: 'index.html' },
  { path: '/console', folder: folderOf('console'), file: 'console/index.html' },
] as const;

const documents = fileURLToPath(new URL('../../../docs', import.meta.url));

const keptForEver = 'public, max-age=31536000, immutable';

export function pagesRouter(): Router {
  const router = Router();
  for (const { path, folder, file } of pages) {
    // The page is at the address with the slash: what it loads lies below.
    router.get(path, (request, response, next) => (request.path.endsWith('/') ? next() : response.redirect(308, `${path}/`)));
    if (path === '/shop') router.use(path, files(folder));
    router.get([`${path}/`, `${path}/{*below}`], showPage(join(folder, file)));
  }
  router.use('/docs', markdown, express.static(documents, { index: false, redirect: false, cacheControl: false, setHeaders: asText }));
  router.use(files(folderOf('console')));
  return router;
}

function files(folder: string): RequestHandler {
  return express.static(folder, {
    etag: true,
    cacheControl: false,
    redirect: false,
    setHeaders: (response, path) => {
      if (/[\\/]assets[\\/]/.test(path)) response.setHeader('cache-control', keptForEver);
    },
  });
}

/** Nothing else of the folder is to be read in a browser. */
const markdown: RequestHandler = (request, _response, next) => next(extname(request.path) === '.md' ? undefined : 'router');

/** What no browser shows as markdown, it shows as text. */
function asText(response: ServerResponse): void {
  response.setHeader('content-type', 'text/plain; charset=utf-8');
}

function showPage(file: string): RequestHandler {
  return (request, response, next) => {
    if (extname(request.path) !== '') return next();
    if (!existsSync(file)) throw new AnabranchError('route_not_found', 'the page is not built: npm start builds it');
    response.sendFile(file, { cacheControl: false, etag: true });
  };
}
