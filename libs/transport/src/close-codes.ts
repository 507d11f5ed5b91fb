// Close codes of link sockets, both ways. RFC 6455 leaves 4000-4999 to applications; a link uses 4000-4499. The number is
// what the peer's program acts on (how soon to dial again), the reason text is for its logs.
//
// Invariant 1: a number never changes its meaning: peers of other releases read it.
// Invariant 2: `closeCodeOf` and `linkCloseOf` are inverse on every code in the table.

import type { ErrorCode } from '@anabranch/base';

/** Why a connection ended: a code of the registry, `normal` for a deliberate end, `lost` when nobody said why. */
export interface LinkClose {
  readonly code: ErrorCode | 'normal' | 'lost';
  readonly reason: string;
}

const closeCodes: ReadonlyMap<ErrorCode | 'normal', number> = new Map([
  ['normal', 1000],
  ['internal_error', 4000],
  ['frame_invalid', 4001],
  ['protocol_version_unsupported', 4002],
  ['mesh_key_mismatch', 4003],
  ['region_duplicate', 4004],
  ['link_duplicate', 4005],
  ['link_silent', 4006],
  ['handshake_timeout', 4007],
  ['origin_equivocation', 4008],
  ['chain_broken', 4009],
  ['op_gap', 4010],
  ['credit_exceeded', 4011],
  ['not_ready', 4012],
  ['overloaded', 4013],
  ['store_failed', 4014],
  ['store_full', 4015],
  ['update_invalid', 4016],
  ['record_damaged', 4017],
]);

const errorCodesByNumber: ReadonlyMap<number, ErrorCode | 'normal'> = new Map([
  ...[...closeCodes].map(([code, number]) => [number, code] as const),
  // What a WebSocket library says by itself about frames that break RFC 6455 or the size limit.
  [1002, 'frame_invalid'],
  [1003, 'frame_invalid'],
  [1007, 'frame_invalid'],
  [1009, 'frame_invalid'],
]);

/** The close code for an error; `internal_error` for codes that have no meaning on a link. */
export function closeCodeOf(code: ErrorCode | 'normal'): number {
  return closeCodes.get(code) ?? closeCodes.get('internal_error') ?? 1011;
}

/** What a received close code says. */
export function linkCloseOf(closeCode: number, reason: string): LinkClose {
  const code = errorCodesByNumber.get(closeCode) ?? 'lost';
  return { code, reason: reason === '' ? `the connection ended with close code ${closeCode}` : reason };
}

const reasonBytesMax = 123;

/** Cuts a reason to the 123 bytes of UTF-8 that fit a close frame, at a character boundary. */
export function closeReasonOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length <= reasonBytesMax) return bytes;
  let end = reasonBytesMax;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
