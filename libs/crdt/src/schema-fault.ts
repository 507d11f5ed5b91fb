import { isAllowedKey } from './bounded-json.ts';
import { crdtLimits } from './limits.ts';
import type { FieldSchema } from './schema.ts';
import { boundsFault } from './typed/bounds.ts';

/**
 * What is wrong with a schema, or undefined. Field names become parts of keys; an empty one at the root is where the
 * document's existence is kept.
 */
export function schemaFault(schema: FieldSchema, depth = 0): string | undefined {
  if (depth > crdtLimits.pathSegmentsMax) return 'a schema nests at most as deep as a path';
  if (schema.type === 'map') return schemaFault(schema.of, depth + 1);
  if (schema.type === 'boundedCounter') return boundsFault(schema);
  if (schema.type !== 'object') return undefined;
  for (const [name, field] of Object.entries(schema.fields)) {
    if (name === '' || !isAllowedKey(name)) return 'a field name is not empty, not too long and not a forbidden key';
    const fault = schemaFault(field, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
