import type { ErrorCode } from '@anabranch/base';

/** Refusals that judge what was pushed: any region would say the same. */
const finalCodes: readonly ErrorCode[] = [
  ...(['update_invalid', 'update_incomplete', 'request_too_large', 'op_invalid', 'path_unknown', 'type_mismatch'] as const),
  ...(['value_invalid', 'document_id_invalid', 'document_too_large', 'collection_not_found'] as const),
];
const final: ReadonlySet<string> = new Set(finalCodes);

/** What is wrong with a region's own copy of a document. */
const damageCodes: readonly ErrorCode[] = ['document_quarantined', 'record_damaged'];
const damage: ReadonlySet<string> = new Set(damageCodes);

/**
 * Whether a push that is refused with this code is dropped by the client. After any other the region ends the session, and the
 * client pushes it again, with all that is behind it; but for those of {@link isDocumentRefusal}.
 */
export function isFinalRefusal(code: string): boolean {
  return final.has(code);
}

/**
 * Whether a push that is refused with this code holds up later pushes to its documents, and nothing else: the client keeps it, and
 * pushes all of these again in another session.
 */
export function isDocumentRefusal(code: string): boolean {
  return code === ('collection_differs' satisfies ErrorCode) || isDamageOfRegion(code);
}

/** Whether a region says with this code that its copy of a document is damaged: another region may have a sound one. */
export function isDamageOfRegion(code: string): boolean {
  return damage.has(code);
}
