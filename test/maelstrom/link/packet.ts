// What two nodes send each other to carry a link: the packets of the reliable layer, inside message bodies of type `link`.
//
//   open    the dialler asks for a connection; repeated until it is answered
//   data    one segment of a frame, with its place in the stream; `next` is the first seq the sender has not received
//   ack     `next`, and which later segments were received already
//   close   the connection is over, or unknown to the sender
//
// Bytes stand in base64. Whatever does not decode is no packet: the network may lose messages, so a lost one is no news.

import { isAllowedCode, type LinkCode } from './link-code.ts';

export type Packet =
  | { readonly kind: 'open'; readonly connection: string }
  | { readonly kind: 'data'; readonly connection: string; readonly segment: Segment; readonly next: number }
  | { readonly kind: 'ack'; readonly connection: string; readonly next: number; readonly held: readonly number[] }
  | { readonly kind: 'close'; readonly connection: string; readonly code: LinkCode; readonly reason: string };

/** A piece of a frame. */
export interface Segment {
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** The frame ends with it. */
  readonly isLast: boolean;
}

export const packetType = 'link';

const connectionPattern = /^[0-9a-f]{16}$/;
/** Characters of a reason for a close; longer ones are cut. */
const reasonLengthMax = 200;
/** Seqs in the list of segments received ahead; more are no packet. */
export const heldMax = 64;

export function encodePacket(packet: Packet): { readonly type: string; readonly [key: string]: unknown } {
  switch (packet.kind) {
    case 'data': {
      const { connection, next, segment } = packet;
      const { seq, bytes, isLast } = segment;
      return { type: packetType, kind: 'data', connection, next, seq, isLast, bytes: Buffer.from(bytes).toString('base64') };
    }
    case 'close':
      return { type: packetType, ...packet, reason: packet.reason.slice(0, reasonLengthMax) };
    case 'open':
    case 'ack':
      return { type: packetType, ...packet };
  }
}

/** Undefined for what is no packet. */
export function decodePacket(body: Readonly<Record<string, unknown>>): Packet | undefined {
  const { kind, connection } = body;
  if (typeof connection !== 'string' || !connectionPattern.test(connection)) return undefined;
  switch (kind) {
    case 'open':
      return { kind, connection };
    case 'data':
      return decodeData(connection, body);
    case 'ack':
      return decodeAck(connection, body);
    case 'close':
      return decodeClose(connection, body);
    default:
      return undefined;
  }
}

function decodeData(connection: string, body: Readonly<Record<string, unknown>>): Packet | undefined {
  const { next, seq, isLast, bytes: text } = body;
  if (!isSeq(next) || !isSeq(seq) || typeof isLast !== 'boolean' || typeof text !== 'string') return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) return undefined;
  return { kind: 'data', connection, next, segment: { seq, isLast, bytes: new Uint8Array(bytes) } };
}

function decodeAck(connection: string, { next, held }: Readonly<Record<string, unknown>>): Packet | undefined {
  if (!isSeq(next) || !Array.isArray(held) || held.length > heldMax || !held.every(isSeq)) return undefined;
  return { kind: 'ack', connection, next, held };
}

function decodeClose(connection: string, { code, reason }: Readonly<Record<string, unknown>>): Packet | undefined {
  if (!isAllowedCode(code) || typeof reason !== 'string' || reason.length > reasonLengthMax) return undefined;
  return { kind: 'close', connection, code, reason };
}

function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
