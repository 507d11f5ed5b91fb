import type { ErrorCode } from '@anabranch/base';

/** Refusals that judge what was pushed: any region would say the same. */
const finalCodes: readonly ErrorCode[] = [
  ...(['update_invalid', 'update_incomplete', 'request_too_large', 'op_invalid', 'path_unknown', 'type_mismatch'] as const),
  ...(['value_invalid', 'document_id_invalid', 'document_too_large', 'collection_not_found'] as const),
];
const final: ReadonlySet<string> = new Set(finalCodes);

export function isFinal(code: string): boolean {
  return final.has(code);
}
