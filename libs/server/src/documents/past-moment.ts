// The moment that a read of the past names: a session token, or a time as RFC 3339 writes it.

import { AnabranchError } from '@anabranch/base';
import { decodeSessionToken } from '@anabranch/causality';
import type { PastMoment } from '@anabranch/engine';

const timePattern = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;
/** Every time has a colon and no token has: text with one is meant as a time. */
const timeMark = ':';

/** @throws AnabranchError `session_token_invalid`, `request_malformed` for a time that is none, or lies ahead of this region. */
export function parseMoment(text: string, nowMs: number): PastMoment {
  if (!text.includes(timeMark)) return { vector: decodeSessionToken(text) };
  const timeMs = timePattern.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isFinite(timeMs) || timeMs < 0)
    throw new AnabranchError('request_malformed', 'at is not a session token or a time by RFC 3339');
  if (timeMs > nowMs) throw new AnabranchError('request_malformed', 'at lies in the future of this region');
  return { timeMs };
}
