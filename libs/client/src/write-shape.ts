import { AnabranchError } from '@anabranch/base';

/** What is no list of `{ document, ops }`, whatever the documents and operations are. @throws AnabranchError `op_invalid`. */
export function checkWrites(writes: unknown): void {
  const isWrites = Array.isArray(writes) && writes.every((write) => typeof write === 'object' && write !== null);
  if (!isWrites) throw new AnabranchError('op_invalid', 'the writes are an array: [{ document, ops: [...] }]');
  for (const { ops } of writes as readonly { readonly ops: unknown }[]) {
    const isOps = Array.isArray(ops) && ops.every((op) => typeof op === 'object' && op !== null);
    if (!isOps) throw new AnabranchError('op_invalid', 'the operations are an array: [{ op, path, ... }]');
  }
}
