import { AnabranchError } from '@anabranch/base';
import type { z } from 'zod';

/**
 * The parameters of a query. Unknown ones are refused, and repeated ones that are not read as lists: a misspelt limit must
 * not be no limit.
 */
export function readQuery<T>(query: string, schema: z.ZodType<T>, lists: readonly string[] = []): T {
  const parameters = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const known = parameters.get(name);
    if (Array.isArray(known)) known.push(value);
    else if (known !== undefined) throw new AnabranchError('request_malformed', 'a query parameter is given twice');
    else parameters.set(name, lists.includes(name) ? [value] : value);
  }
  const parsed = schema.safeParse(Object.fromEntries(parameters));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AnabranchError('request_malformed', `query: ${[...(issue?.path ?? []), issue?.message].join(': ')}`.slice(0, 200));
}
