// Collections as the application describes them, and the types of their views. A schema is the plain JSON that regions are
// configured with; the types of register values, set elements and list items are known to the compiler only.

import type { JsonObject, JsonValue } from '@anabranch/base';
import type { CollectionSchema, FieldSchema } from '@anabranch/crdt';

declare const valueType: unique symbol;

export interface RegisterField<Value extends JsonValue> {
  readonly type: 'register';
  readonly [valueType]?: Value;
}
export interface AllValuesField<Value extends JsonValue> {
  readonly type: 'register';
  readonly keep: 'all';
  readonly [valueType]?: Value;
}
export interface CounterField {
  readonly type: 'counter';
}
export interface BoundedCounterField {
  readonly type: 'boundedCounter';
  readonly min?: number;
  readonly max?: number;
  readonly split?: readonly string[];
}
export interface SetField<Value extends JsonValue> {
  readonly type: 'set';
  readonly [valueType]?: Value;
}
export interface FlagField {
  readonly type: 'flag';
}
export interface ListField<Value extends JsonValue> {
  readonly type: 'list';
  readonly [valueType]?: Value;
}
export interface TextField {
  readonly type: 'text';
}
export interface MapField<Of> {
  readonly type: 'map';
  readonly of: Of;
}
export interface ObjectField<Fields> {
  readonly type: 'object';
  readonly fields: Fields;
}

/** The view of a field: what `document.value` holds there. */
export type ViewOf<Field> =
  Field extends AllValuesField<infer Value>
    ? readonly Value[]
    : Field extends RegisterField<infer Value>
      ? Value | null
      : Field extends CounterField | BoundedCounterField
        ? number
        : Field extends FlagField
          ? boolean
          : Field extends SetField<infer Value>
            ? readonly Value[]
            : Field extends ListField<infer Value>
              ? readonly Value[]
              : Field extends TextField
                ? string
                : Field extends MapField<infer Of>
                  ? { readonly [key: string]: ViewOf<Of> }
                  : Field extends ObjectField<infer Fields>
                    ? { readonly [Name in keyof Fields]: ViewOf<Fields[Name]> }
                    : JsonValue;

/** The view of a document of a collection. */
export type DocumentViewOf<Collection> = Collection extends { readonly schema: infer Schema }
  ? Schema extends 'freeform'
    ? JsonObject
    : ViewOf<Schema>
  : JsonObject;

export type Collections = Readonly<Record<string, CollectionSchema>>;

const everyType: Readonly<Record<FieldSchema['type'], true>> = {
  ...{ register: true, counter: true, boundedCounter: true, set: true, flag: true, list: true, text: true, map: true, object: true },
};

/** What a field of a schema may be. */
export const fieldTypes: ReadonlySet<unknown> = new Set(Object.keys(everyType));

/** Makes the fields of a schema. */
export const schema = {
  register: <Value extends JsonValue = JsonValue>(): RegisterField<Value> => ({ type: 'register' }),
  /** A register that shows all concurrent values. */
  allValues: <Value extends JsonValue = JsonValue>(): AllValuesField<Value> => ({ type: 'register', keep: 'all' }),
  counter: (): CounterField => ({ type: 'counter' }),
  /** Changed by `Client.submit` only: a region must hold the rights. */
  boundedCounter: (bounds: { readonly min?: number; readonly max?: number; readonly split?: readonly string[] }): BoundedCounterField => ({
    type: 'boundedCounter',
    ...bounds,
  }),
  set: <Value extends JsonValue = JsonValue>(): SetField<Value> => ({ type: 'set' }),
  flag: (): FlagField => ({ type: 'flag' }),
  list: <Value extends JsonValue = JsonValue>(): ListField<Value> => ({ type: 'list' }),
  text: (): TextField => ({ type: 'text' }),
  map: <Of>(of: Of): MapField<Of> => ({ type: 'map', of }),
  object: <Fields extends object>(fields: Fields): ObjectField<Fields> => ({ type: 'object', fields }),
} as const;
