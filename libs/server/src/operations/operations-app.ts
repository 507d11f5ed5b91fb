// Everything but the clients' routes: the operators' routes, and the refusal of whatever has no route. Express finds the
// route here; the door answers, as it does for documents.

import { AnabranchError } from '@anabranch/base';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { HttpDoor } from '../http/http-door.ts';
import type { Route } from '../http/route-table.ts';

export function operationsApp(routes: readonly Route[], door: HttpDoor): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');
  for (const route of routes) {
    app.get(route.template, (request, response) => door.answer(request, response, { route, parameters: new Map() }));
  }
  app.use((request, response) => door.receive(request, response));
  const refuse: ErrorRequestHandler = (error, request, response, _next) => {
    door.refuse(
      request,
      response,
      error instanceof URIError ? new AnabranchError('request_malformed', 'the path has a malformed percent-encoding') : error,
    );
  };
  app.use(refuse);
  return app;
}
