// Messages as they stand on standard input and output: one JSON object per line, with a source, a destination and a body
// whose `type` says what it is. Bodies may hold anything else; what a request needs of it is checked where it is answered.

export interface Body {
  readonly type: string;
  /** Set when the sender expects a reply. */
  readonly msg_id?: number;
  /** The `msg_id` of the request this answers. */
  readonly in_reply_to?: number;
  readonly [key: string]: unknown;
}

export interface Message {
  readonly src: string;
  readonly dest: string;
  readonly body: Body;
}

/** The line of a message, with its end. */
export function encodeMessage({ src, dest, body }: Message): string {
  return `${JSON.stringify({ src, dest, body })}\n`;
}

/** Reads one line. @throws Error when it is no message. */
export function decodeMessage(line: string): Message {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new Error('the line is not JSON');
  }
  if (!isRecord(parsed)) throw new Error('the message is no object');
  const { src, dest, body } = parsed;
  if (typeof src !== 'string' || typeof dest !== 'string') throw new Error('the message has no source or destination');
  if (!isRecord(body)) throw new Error('the body is no object');
  const { type, msg_id, in_reply_to } = body;
  if (typeof type !== 'string') throw new Error('the body has no type');
  if (!isOptionalId(msg_id) || !isOptionalId(in_reply_to)) throw new Error('a message id is no integer');
  return { src, dest, body: { ...body, type } };
}

function isOptionalId(value: unknown): value is number | undefined {
  return value === undefined || Number.isSafeInteger(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
