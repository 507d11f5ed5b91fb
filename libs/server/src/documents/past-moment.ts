// The moment that a read of the past names: a session token, or a time as RFC 3339 writes it.

import { AnabranchError } from '@anabranch/base';
import { decodeSessionToken } from '@anabranch/causality';
import type { PastMoment } from '@anabranch/engine';

const timePattern = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;
/** Tokens begin with the number of their format (session-token.ts), 1 in all eight bits: other text is meant as a time. */
const tokenStart = /^A[Q-Za-f]/;

/** @throws AnabranchError `session_token_invalid`, `request_malformed` for what is neither, or a time ahead of this region. */
export function parseMoment(text: string, nowMs: number): PastMoment {
  if (tokenStart.test(text)) return { vector: decodeSessionToken(text) };
  const timeMs = timePattern.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  if (!Number.isFinite(timeMs) || timeMs < 0) {
    throw new AnabranchError('request_malformed', 'at is neither a session token nor a time by RFC 3339, such as 2026-11-26T08:30:00Z');
  }
  if (timeMs > nowMs) throw new AnabranchError('request_malformed', 'at lies in the future of this region');
  return { timeMs };
}

/** `Date.parse` takes the 30th of February for the 2nd of March. */
function isDay(text: string): boolean {
  const ms = Date.parse(text);
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text);
}
