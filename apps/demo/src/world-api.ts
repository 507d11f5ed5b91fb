// The HTTP API of the local world, behind the page and open to scripts on this machine:
//
//   GET    /api/status                                               regions, processes, links, load
//   GET    /api/links, /api/links/{a}/{b}                            links; a and b in either order
//   PUT    /api/links/{a}/{b}                                        {"state", "direction", "delayMs"}; a and b are the URL's
//   POST   /api/regions/{name}/kill | restart | pause | resume       the region's process
//   GET    /api/load                                                 the load on the regions, also in /api/status
//   PUT    /api/load                                                 {"opsPerSecond": 1 to 60, "seconds": 1 to 600} starts it anew
//   DELETE /api/load                                                 ends it
//   GET    /api/documents/{collection}/{id}                          one document as every region shows it now
//   PATCH  /api/regions/{name}/documents/{collection}/{id}           operations, passed on to that region

import { AnabranchError } from '@anabranch/base';
import express, { Router } from 'express';
import { viewDocument } from './document-view.ts';
import { parseLinkChange } from './link-request.ts';
import { bodyBytesMax } from './problem.ts';
import { operationsMediaType } from './region-client.ts';
import { StatusMonitor } from './status-monitor.ts';
import type { World, WorldRegion } from './world.ts';
import type { WorldLink } from './world-link.ts';
import { parseLoadPlan, type WorldLoad } from './world-load.ts';
import { isRegionName, type RegionName } from './world-plan.ts';

const commands = {
  kill: (region) => region.process.kill(),
  restart: (region) => region.process.restart(),
  pause: (region) => region.process.pause(),
  resume: (region) => region.process.resume(),
} as const satisfies Record<string, (region: WorldRegion) => Promise<void>>;

export function worldApi(world: World, load: WorldLoad): Router {
  const api = Router({ caseSensitive: true, strict: true });
  const monitor = new StatusMonitor(world);

  api
    .route('/status')
    .get(async (_request, response) => void response.json({ ...(await monitor.read()), load: load.view }))
    .all(allowOnly('GET'));
  api
    .route('/links')
    .get((_request, response) => void response.json({ links: world.links.map((link) => link.view()) }))
    .all(allowOnly('GET'));
  api
    .route('/links/:a/:b')
    .get((request, response) => void response.json(findLink(world, request.params).view()))
    .put(jsonBody('application/json'), (request, response) => {
      const link = findLink(world, request.params);
      link.change(parseLinkChange(request.body));
      response.json(link.view());
    })
    .all(allowOnly('GET', 'PUT'));
  api
    .route('/regions/:name/:command')
    .post(async (request, response) => {
      const region = world.region(regionNamed(request.params.name));
      const { command } = request.params;
      if (!isCommand(command)) throw new AnabranchError('route_not_found', `commands are ${Object.keys(commands).join(', ')}`);
      await commands[command](region);
      response.json({ name: region.name, process: region.process.view });
    })
    .all(allowOnly('POST'));
  api
    .route('/load')
    .get((_request, response) => void response.json(load.view))
    .put(jsonBody('application/json'), (request, response) => {
      load.start(parseLoadPlan(request.body));
      response.json(load.view);
    })
    .delete((_request, response) => {
      load.stop();
      response.json(load.view);
    })
    .all(allowOnly('GET', 'PUT', 'DELETE'));
  api
    .route('/documents/:collection/:id')
    .get(async (request, response) => {
      const { collection, id } = request.params;
      response.json({ views: await Promise.all(world.regions.map(({ client }) => viewDocument(client, collection, id))) });
    })
    .all(allowOnly('GET'));
  api
    .route('/regions/:name/documents/:collection/:id')
    .patch(jsonBody(operationsMediaType), async (request, response) => {
      const { name, collection, id } = request.params;
      const { client } = world.region(regionNamed(name));
      response.json(await client.edit(collection, id, request.body));
    })
    .all(allowOnly('PATCH'));
  return api;
}

function isCommand(text: string): text is keyof typeof commands {
  return Object.hasOwn(commands, text);
}

function regionNamed(text: string): RegionName {
  if (isRegionName(text)) return text;
  throw new AnabranchError('region_not_found', `the local world has no region ${JSON.stringify(text)}`);
}

function findLink(world: World, { a, b }: { readonly a: string; readonly b: string }): WorldLink {
  return world.link(regionNamed(a), regionNamed(b));
}

/** Reads a JSON body of one media type. */
function jsonBody(type: string): express.RequestHandler {
  const read = express.json({ type, limit: bodyBytesMax, strict: false });
  return (request, response, next) => {
    read(request, response, (error?: unknown) => {
      if (error !== undefined) return next(error);
      if (request.is(type) === false) return next(new AnabranchError('content_type_unsupported', `the body is ${type}`));
      if (request.body === undefined) return next(new AnabranchError('request_malformed', `a body of ${type} is needed`));
      next();
    });
  };
}

function allowOnly(...methods: readonly string[]): express.RequestHandler {
  return (request) => {
    throw new AnabranchError('method_not_allowed', `${request.method} is not for this path`, { allow: methods });
  };
}
