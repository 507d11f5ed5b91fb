import { z } from 'zod';
import { mediaTypes } from '../http/media-type.ts';
import type { Route } from '../http/route-table.ts';
import { openApiDocument } from './openapi-document.ts';

/** `/openapi.json`: describes `others` and itself. Made once, when the region starts. */
export function openApiRoute(others: readonly Route[], about: { readonly version: string }): Route {
  let body: string | undefined;
  const route: Route = {
    method: 'GET',
    template: '/openapi.json',
    handle: async () => {
      body ??= JSON.stringify(openApiDocument([...others, route], about));
      return { status: 200, headers: { 'content-type': mediaTypes.json, 'cache-control': 'no-cache' }, body };
    },
    description: {
      operationId: 'openapi',
      summary: 'This document.',
      answers: {
        200: {
          description: 'An OpenAPI 3.1 document.',
          content: { [mediaTypes.json]: { schema: z.record(z.string(), z.unknown()), example: { openapi: '3.1.0' } } },
        },
      },
      errors: [],
    },
  };
  return route;
}
