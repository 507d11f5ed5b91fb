import { AnabranchError } from '@anabranch/base';
import { z } from 'zod';
import type { DoorResponse } from '../http/door-request.ts';
import { mediaTypes } from '../http/media-type.ts';
import type { Route } from '../http/route-table.ts';

/** Where `/metrics` gets its text from. */
export interface MetricsSource {
  readonly contentType: string;
  read(): Promise<string>;
}

const healthSchema = z.strictObject({ status: z.enum(['live', 'ready']) });

/** The process serves: 200 from the first request to the last. */
export function livezRoute(): Route {
  return healthRoute('/livez', 'live', 'The process serves.', () => {});
}

/** The region takes writes. @param notReadyReason - why it does not, undefined when it does. */
export function readyzRoute(notReadyReason: () => string | undefined): Route {
  return healthRoute('/readyz', 'ready', 'The region takes writes.', () => {
    const reason = notReadyReason();
    if (reason !== undefined) throw new AnabranchError('not_ready', reason);
  });
}

export function metricsRoute(source: MetricsSource): Route {
  return {
    method: 'GET',
    template: '/metrics',
    handle: async () => ({ status: 200, headers: { 'content-type': source.contentType }, body: await source.read() }),
    description: {
      operationId: 'metrics',
      summary: 'Measurements in the Prometheus text format.',
      answers: { 200: { description: 'Metrics.', content: { 'text/plain': { schema: z.string(), example: 'anabranch_sessions 2\n' } } } },
      errors: [],
    },
  };
}

function healthRoute(template: string, status: 'live' | 'ready', summary: string, check: () => void): Route {
  const answer: DoorResponse = {
    status: 200,
    headers: { 'content-type': mediaTypes.json, 'cache-control': 'no-store' },
    body: JSON.stringify({ status }),
  };
  return {
    method: 'GET',
    template,
    handle: async () => {
      check();
      return answer;
    },
    description: {
      operationId: template.slice(1),
      summary,
      answers: { 200: { description: summary, content: { [mediaTypes.json]: { schema: healthSchema, example: { status } } } } },
      errors: status === 'ready' ? ['not_ready'] : [],
    },
  };
}
