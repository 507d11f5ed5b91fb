// The client's side of a WebSocket (RFC 6455) as far as a simulated client needs it: masked binary frames out, unmasked frames
// in. The mask is zero, so that equal messages are equal bytes.

const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export type ServerFrame =
  | { readonly type: 'binary' | 'ping'; readonly payload: Uint8Array }
  | { readonly type: 'close'; readonly code: number; readonly reason: string };

export function clientFrame(type: 'binary' | 'pong' | 'close', payload: Uint8Array): Buffer {
  const head = [0x80 | opcodes[type]];
  if (payload.length < 126) head.push(0x80 | payload.length);
  else if (payload.length < 65_536) head.push(0x80 | 126, payload.length >> 8, payload.length & 0xff);
  else
    head.push(
      0x80 | 127,
      0,
      0,
      0,
      0,
      payload.length >>> 24,
      (payload.length >> 16) & 0xff,
      (payload.length >> 8) & 0xff,
      payload.length & 0xff,
    );
  return Buffer.concat([Buffer.from(head), Buffer.alloc(4), payload]);
}

/** Cuts what a server sends after its answer to the upgrade into frames. */
export class ServerFrames {
  #pending = Buffer.alloc(0);
  #hasUpgraded = false;

  get hasUpgraded(): boolean {
    return this.#hasUpgraded;
  }

  /** The frames that `bytes` complete; undefined when the server refused the upgrade. */
  take(bytes: Uint8Array): readonly ServerFrame[] | undefined {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    if (!this.#hasUpgraded) {
      const end = this.#pending.indexOf('\r\n\r\n');
      if (end < 0) return [];
      if (!this.#pending.subarray(0, end).toString('latin1').startsWith('HTTP/1.1 101 ')) return undefined;
      this.#pending = this.#pending.subarray(end + 4);
      this.#hasUpgraded = true;
    }
    const frames: ServerFrame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): ServerFrame | undefined {
    const bytes = this.#pending;
    if (bytes.length < 2) return undefined;
    const short = (bytes[1] ?? 0) & 0x7f;
    const headBytes = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length < headBytes) return undefined;
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? bytes.readUInt32BE(6) : short;
    if (bytes.length < headBytes + length) return undefined;
    const payload = bytes.subarray(headBytes, headBytes + length);
    this.#pending = bytes.subarray(headBytes + length);
    switch ((bytes[0] ?? 0) & 0x0f) {
      case opcodes.binary:
        return { type: 'binary', payload };
      case opcodes.ping:
        return { type: 'ping', payload };
      case opcodes.close:
        return { type: 'close', code: length >= 2 ? payload.readUInt16BE(0) : 1005, reason: payload.toString('utf8', 2) };
      default:
        throw new Error('the region sent a frame that no sync door sends');
    }
  }
}
