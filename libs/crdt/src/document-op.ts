import type { JsonValue } from '@anabranch/base';

/**
 * One typed operation. `path` is a JSON pointer (RFC 6901) to the field: `/items/sku-1/qty`; `remove` names a map key
 * (`/items/sku-1`) or, with the empty path, the whole document; `clear` empties what it names, of any type.
 * List and text positions count items and UTF-16 units of the value as the earlier ops of the same edit left it.
 */
export type DocumentOp =
  | { readonly op: 'set'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'clear'; readonly path: string }
  | { readonly op: 'increment'; readonly path: string; readonly by: number }
  | { readonly op: 'decrement'; readonly path: string; readonly by: number }
  | { readonly op: 'add'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'enable'; readonly path: string }
  | { readonly op: 'disable'; readonly path: string }
  | { readonly op: 'remove'; readonly path: string; readonly value?: JsonValue; readonly index?: number }
  | { readonly op: 'insert'; readonly path: string; readonly index: number; readonly value?: JsonValue; readonly text?: string }
  | { readonly op: 'move'; readonly path: string; readonly from: number; readonly to: number }
  | { readonly op: 'delete'; readonly path: string; readonly index: number; readonly length: number };
