import { AnabranchError } from '@anabranch/base';
import { isAllowedKey } from '../bounded-json.ts';
import type { RightsView } from '../escrow.ts';
import { parsePointer } from '../path.ts';
import type { FieldSchema } from '../schema.ts';
import { BoundedCounter } from './bounded-counter.ts';
import { boundsOf } from './bounds.ts';
import type { FieldNode } from './field-node.ts';
import { RightsLedger } from './rights-ledger.ts';
import { Group, schemaBelow, type TypedTree } from './typed-tree.ts';

/** The rights to the bounded counter at a path; undefined where the schema has none. Nothing is made on the way. */
export function readRights(tree: TypedTree, path: string): RightsView | undefined {
  let schema: FieldSchema | undefined = tree.root.schema;
  let node: FieldNode | undefined = tree.root;
  for (const segment of parsePointer(path) ?? []) {
    if (schema === undefined || !isAllowedKey(segment)) return undefined;
    schema = schemaBelow(schema, segment);
    node = node instanceof Group ? node.find(segment) : undefined;
  }
  if (schema?.type !== 'boundedCounter') return undefined;
  return node instanceof BoundedCounter ? node.rights : new RightsLedger(boundsOf(schema)).view();
}

/** JSON pointers to the bounded counters that have entries. */
export function listBoundedCounters(tree: TypedTree): readonly string[] {
  return [...tree.boundedCounters].map(({ pointer }) => pointer);
}

/** The refusal of escrow by a freeform document. */
export function noBoundedCounters(): AnabranchError {
  return new AnabranchError('type_mismatch', 'a freeform document has no bounded counters', { path: '', opIndex: 0 });
}
