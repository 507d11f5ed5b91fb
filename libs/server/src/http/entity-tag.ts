// Strong entity tags (RFC 9110, sections 8.8.3 and 13) made from the JSON view alone: regions that show the same document
// give the same tag, and a tag from one region is a valid precondition in another.

import type { IncomingHttpHeaders } from 'node:http';
import { AnabranchError, canonicalJson, encodeUtf8, type Hash, type JsonObject, toBase64url } from '@anabranch/base';

/** A JSON view as it is sent. */
export interface Representation {
  /** Canonical JSON. */
  readonly body: string;
  readonly entityTag: string;
}

const tagBytes = 16;
const tagPattern = /^(?:W\/)?"[\x21\x23-\x7e]*"$/;

export function represent(view: JsonObject, hash: Hash): Representation {
  const body = canonicalJson(view);
  return { body, entityTag: `"${toBase64url(hash.sha256(encodeUtf8(body)).subarray(0, tagBytes))}"` };
}

/**
 * Checks If-Match and If-None-Match against the current tag, undefined when there is no document.
 * @returns what a GET answers; a write treats `not-modified` as failed.
 * @throws AnabranchError `request_malformed`.
 */
export function checkPreconditions(headers: IncomingHttpHeaders, currentTag: () => string | undefined): 'met' | 'failed' | 'not-modified' {
  const ifMatch = headers['if-match'];
  const ifNoneMatch = headers['if-none-match'];
  if (ifMatch !== undefined && !matches('If-Match', ifMatch, currentTag())) return 'failed';
  if (ifNoneMatch !== undefined && matches('If-None-Match', ifNoneMatch, currentTag())) return 'not-modified';
  return 'met';
}

/** The refusal of a request whose precondition does not hold. */
export function preconditionFailed(
  name: 'If-Match' | 'If-None-Match' | 'ifMatch',
  exists: boolean,
  details: Readonly<Record<string, unknown>> = {},
): AnabranchError {
  const absent = `${name} demands a document that exists, and this one holds nothing in this region`;
  const other = `the document is in another state than ${name} names: read it again`;
  const ruledOut = 'the document exists, in a state that If-None-Match rules out';
  const message = name === 'If-None-Match' ? ruledOut : exists ? other : absent;
  return new AnabranchError('precondition_failed', message, details);
}

function matches(name: 'If-Match' | 'If-None-Match', field: string, currentTag: string | undefined): boolean {
  if (field.trim() === '*') return currentTag !== undefined;
  const tags = field.split(',').map((tag) => tag.trim());
  if (!tags.every((tag) => tagPattern.test(tag))) {
    throw new AnabranchError('request_malformed', `${name} is a list of quoted entity tags or *`);
  }
  // If-Match compares strongly: a weak tag never matches. If-None-Match compares weakly.
  return tags.some((tag) => (name === 'If-Match' ? tag : tag.replace(/^W\//, '')) === currentTag);
}
