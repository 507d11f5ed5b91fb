// The routes of a region as one table: dispatch, 404, 405 and the OpenAPI document all come from it.
//
// Invariant 1: a path segment is percent-decoded exactly once, after the path was split; an encoded separator therefore
//              never splits, and a doubly encoded one stays visible to the alphabet checks behind.

import { AnabranchError } from '@anabranch/base';
import type { DoorHandler } from './door-request.ts';
import type { RouteDescription } from './route-description.ts';

export interface Route {
  readonly method: 'GET' | 'PATCH' | 'POST' | 'DELETE';
  /** For example `/v1/docs/{collection}/{id}`. */
  readonly template: string;
  readonly handle: DoorHandler;
  readonly description: RouteDescription;
}

export interface RouteMatch {
  readonly route: Route;
  readonly parameters: ReadonlyMap<string, string>;
}

interface Resource {
  readonly segments: readonly string[];
  readonly routes: ReadonlyMap<string, Route>;
}

const whereRoutes = 'GET /openapi.json describes every route, GET /v1/status the region, docs/api.md how to use it';

const noParameters: ReadonlyMap<string, string> = new Map();

export class RouteTable {
  readonly routes: readonly Route[];
  readonly #resources: readonly Resource[];

  constructor(routes: readonly Route[]) {
    this.routes = routes;
    const templates = [...new Set(routes.map((route) => route.template))];
    this.#resources = templates.map((template) => ({
      segments: template.split('/'),
      routes: new Map(routes.filter((route) => route.template === template).map((route) => [route.method, route])),
    }));
  }

  /** @throws AnabranchError `route_not_found`, `method_not_allowed`, `request_malformed` for a bad percent-encoding. */
  match(method: string, path: string): RouteMatch {
    const segments = path.split('/');
    for (const resource of this.#resources) {
      if (!fits(resource.segments, segments)) continue;
      const route = resource.routes.get(method === 'HEAD' ? 'GET' : method);
      if (route !== undefined) return { route, parameters: readParameters(resource.segments, segments) };
      throw new AnabranchError('method_not_allowed', 'the path does not take this method', { allow: allowedMethods(resource) });
    }
    throw new AnabranchError(
      'route_not_found',
      path === '/' ? `a region has no page: ${whereRoutes}` : `there is nothing at this path: ${whereRoutes}`,
    );
  }

  /** The methods of a path, for OPTIONS; undefined when there is nothing at the path. */
  methodsOf(path: string): readonly string[] | undefined {
    const segments = path.split('/');
    const resource = this.#resources.find((candidate) => fits(candidate.segments, segments));
    return resource && allowedMethods(resource);
  }
}

function allowedMethods(resource: Resource): string[] {
  const methods = [...resource.routes.keys()];
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'];
}

function fits(template: readonly string[], segments: readonly string[]): boolean {
  if (template.length !== segments.length) return false;
  for (let i = 0; i < template.length; i++) if (template[i] !== segments[i] && !template[i]?.startsWith('{')) return false;
  return true;
}

function readParameters(template: readonly string[], segments: readonly string[]): ReadonlyMap<string, string> {
  let parameters: Map<string, string> | undefined;
  template.forEach((name, i) => {
    if (!name.startsWith('{')) return;
    parameters ??= new Map();
    parameters.set(name.slice(1, -1), decodeSegment(segments[i] ?? ''));
  });
  return parameters ?? noParameters;
}

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new AnabranchError('request_malformed', 'the path has a malformed percent-encoding');
  }
}
