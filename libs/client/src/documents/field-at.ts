import type { FieldSchema } from '@anabranch/crdt';

/** The type of the field that a JSON pointer names; undefined when it names none. */
export function fieldAt(schema: FieldSchema, path: string): FieldSchema | undefined {
  let field: FieldSchema | undefined = schema;
  for (const segment of path.split('/').slice(1)) {
    if (field?.type === 'object') {
      const name = segment.replaceAll('~1', '/').replaceAll('~0', '~');
      field = Object.hasOwn(field.fields, name) ? field.fields[name] : undefined;
    } else {
      field = field?.type === 'map' ? field.of : undefined;
    }
  }
  return field;
}

/** What a view holds at a JSON pointer; undefined when there is nothing. */
export function valueAt(view: unknown, path: string): unknown {
  let value = view;
  for (const segment of path.split('/').slice(1)) {
    const name = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
