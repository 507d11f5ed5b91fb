import { AnabranchError } from '@anabranch/base';

/**
 * What is no list of `{ document, ops }`, or one of nothing, whatever the documents and operations are: as regions refuse it.
 * @throws AnabranchError `op_invalid`; details name the `writeIndex` when there are several.
 */
export function checkWrites(writes: unknown): void {
  const isWrites = Array.isArray(writes) && writes.every((write) => typeof write === 'object' && write !== null);
  if (!isWrites) throw new AnabranchError('op_invalid', 'the writes are an array: [{ document, ops: [...] }]');
  if (writes.length === 0) throw new AnabranchError('op_invalid', 'it writes at least one document');
  for (const [writeIndex, { ops }] of (writes as readonly { readonly ops: unknown }[]).entries()) {
    const details = writes.length > 1 ? { writeIndex } : {};
    const isOps = Array.isArray(ops) && ops.every((op) => typeof op === 'object' && op !== null);
    if (!isOps) throw new AnabranchError('op_invalid', 'the operations are an array: [{ op, path, ... }]', details);
    if (ops.length === 0) throw new AnabranchError('op_invalid', 'a write has at least one operation', details);
  }
}
