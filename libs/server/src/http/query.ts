import { AnabranchError } from '@anabranch/base';
import type { z } from 'zod';
import { faultText, validate } from './validate.ts';

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
  const parsed = validate(schema, Object.fromEntries(parameters));
  if (parsed.success) return parsed.data;
  throw new AnabranchError('request_malformed', faultText(parsed.error, 'query').slice(0, 200));
}
