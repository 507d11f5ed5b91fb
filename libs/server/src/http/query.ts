import { AnabranchError, type ErrorCode } from '@anabranch/base';
import type { z } from 'zod';

/** The parameters of a query. Unknown and repeated ones are refused: a misspelt limit must not be no limit. */
export function readQuery<T>(query: string, schema: z.ZodType<T>, code: ErrorCode = 'request_malformed'): T {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (parameters.has(name)) throw new AnabranchError('request_malformed', 'a query parameter is given twice');
    parameters.set(name, value);
  }
  const parsed = schema.safeParse(Object.fromEntries(parameters));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AnabranchError(code, `query: ${[...(issue?.path ?? []), issue?.message].join(': ')}`.slice(0, 200));
}
