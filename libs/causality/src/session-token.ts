// A session token is a version vector in a portable form: what its holder has seen. It travels in the
// Anabranch-Session header and is presented to any region of the mesh.
//
//   base64url( 1 | count | { length, origin text, seq } ... )       varints are LEB128, origins sorted
//
// Tokens come from outside: decoding is bounded and strict, so that one vector has exactly one token.

import { AnabranchError, assert, compareStrings, decodeUtf8, fromBase64url, toBase64url } from '@anabranch/base';
import { isOriginId, type OriginId, originLengthMax } from './origin.ts';
import { VersionVector } from './version-vector.ts';

export type SessionToken = string & { readonly brand: 'SessionToken' };

const formatVersion = 1;
/** Origins in one token, as many as in a vector on a link: what regions can tell each other, a client can hold. */
export const tokenOriginsMax = 1024;
/** Characters of a token of that many origins with the longest names and seqs: larger ones are refused unread. */
export const tokenLengthMax: number = Math.ceil(((1 + 2 + tokenOriginsMax * (1 + originLengthMax + 8)) * 4) / 3);
/** Bytes of the greatest number, 2^53 - 1. */
const varintBytesMax = 8;

/** The vector must have at most {@link tokenOriginsMax} origins. */
export function encodeSessionToken(vector: VersionVector): SessionToken {
  assert(vector.size <= tokenOriginsMax, 'a vector has more origins than a token takes');
  const bytes: number[] = [formatVersion];
  pushVarint(bytes, vector.size);
  for (const [origin, seq] of vector.entries()) {
    // An origin is ASCII.
    bytes.push(origin.length);
    for (let at = 0; at < origin.length; at++) bytes.push(origin.charCodeAt(at));
    pushVarint(bytes, seq);
  }
  return toBase64url(Uint8Array.from(bytes)) as SessionToken;
}

/** @throws AnabranchError `session_token_invalid` for anything that {@link encodeSessionToken} did not write. */
export function decodeSessionToken(token: string): VersionVector {
  if (token.length > tokenLengthMax) throw invalid('it is too long');
  const bytes = fromBase64url(token);
  if (bytes === undefined) throw invalid('it is not base64url');
  const reader = { bytes, at: 0 };
  if (readVarint(reader) !== formatVersion) throw invalid('its format version is unknown');
  const count = readVarint(reader);
  if (count > tokenOriginsMax) throw invalid('it names too many origins');
  const entries: Array<[OriginId, number]> = [];
  let previous = '';
  for (let i = 0; i < count; i++) {
    const origin = readOrigin(reader);
    const seq = readVarint(reader);
    if (seq === 0 || compareStrings(previous, origin) >= 0) throw invalid('it is not in canonical form');
    previous = origin;
    entries.push([origin, seq]);
  }
  if (reader.at !== bytes.length) throw invalid('it has trailing bytes');
  return VersionVector.of(entries);
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

function readOrigin(reader: Reader): OriginId {
  const length = readVarint(reader);
  if (length > originLengthMax || reader.at + length > reader.bytes.length) throw invalid('an origin is cut off');
  const slice = reader.bytes.subarray(reader.at, reader.at + length);
  reader.at += length;
  const text = slice.every((byte) => byte < 0x80) ? decodeUtf8(slice) : '';
  if (!isOriginId(text)) throw invalid('an origin is malformed');
  return text;
}

function readVarint(reader: Reader): number {
  let value = 0;
  for (let size = 0; size < varintBytesMax; size++) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw invalid('it is cut off');
    value += (byte & 0x7f) * 128 ** size;
    if (byte >= 0x80) continue;
    if (byte === 0 && size > 0) throw invalid('a number is not in shortest form');
    if (value > Number.MAX_SAFE_INTEGER) break;
    return value;
  }
  throw invalid('a number is too large');
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

function invalid(why: string): AnabranchError {
  return new AnabranchError('session_token_invalid', `the session token is not valid: ${why}`);
}
