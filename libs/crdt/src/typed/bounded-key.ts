import { splitParts } from '../path.ts';
import type { FieldSchema } from '../schema.ts';
import { schemaBelow } from './typed-tree.ts';

/** Whether a flat key lies below a bounded counter: an entry of it, well-formed or not. */
export function isBoundedKey(schema: FieldSchema, key: string): boolean {
  let field: FieldSchema | undefined = schema;
  for (const part of splitParts(key) ?? []) {
    if (field === undefined) return false;
    if (field.type === 'boundedCounter') return true;
    field = schemaBelow(field, part);
  }
  return false;
}

export function hasBoundedCounter(schema: FieldSchema): boolean {
  if (schema.type === 'map') return hasBoundedCounter(schema.of);
  return schema.type === 'boundedCounter' || (schema.type === 'object' && Object.values(schema.fields).some(hasBoundedCounter));
}
