// Cross-origin requests (Fetch standard): an allowed page may read answers with the fields below, and a preflight tells it
// what it may send. Answers carry no credentials and need none.

import type { IncomingHttpHeaders } from 'node:http';
import type { DoorResponse } from './door-request.ts';
import { requestFields, responseFields } from './fields.ts';
import type { OriginPolicy } from './origin-policy.ts';

const exposedFields: string = [...Object.keys(responseFields), 'accept-patch', 'allow', 'date', 'retry-after'].join(', ');
const allowedFields: string = ['content-type', ...Object.keys(requestFields)].join(', ');
const preflightSeconds = 600;

/** Fields of an answer to a page of another origin; none when the request does not come from one. */
export function corsFields(policy: OriginPolicy, headers: IncomingHttpHeaders): Readonly<Record<string, string>> | undefined {
  const { origin } = headers;
  if (origin === undefined) return undefined;
  if (!policy.allows(origin, headers.host)) return { vary: 'origin' };
  return { vary: 'origin', 'access-control-allow-origin': origin, 'access-control-expose-headers': exposedFields };
}

/** The answer to OPTIONS: what the path takes, and for pages what they may send. */
export function optionsAnswer(methods: readonly string[]): DoorResponse {
  const allow = methods.join(', ');
  return {
    status: 204,
    headers: {
      allow,
      'access-control-allow-methods': allow,
      'access-control-allow-headers': allowedFields,
      'access-control-max-age': String(preflightSeconds),
    },
    body: undefined,
  };
}
