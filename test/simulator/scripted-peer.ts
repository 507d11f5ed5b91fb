// A peer that speaks the link protocol frame by frame, right or wrong, independent of the engine's own link code: what a
// hostile or broken region could send.

import { concatBytes, encodeUtf8 } from '@anabranch/base';
import type { OriginId, RegionId } from '@anabranch/causality';
import type { LinkConnection, LinkConnectionListener, LinkRole, Replica } from '@anabranch/engine';
import { chainNext, chainStart, decodeLinkFrame, encodeLinkFrame, encodeOp, type LinkFrame, type Op } from '@anabranch/protocol';
import { NodeHash } from '@anabranch/system';

const hash = new NodeHash();

export interface ScriptedPeerOptions {
  readonly region?: string;
  readonly epoch?: string;
  readonly meshKey?: Uint8Array;
  readonly storeId?: Uint8Array;
  readonly instanceId?: Uint8Array;
  readonly protocolVersion?: number;
  readonly protocolVersionFloor?: number;
  /** Our side of the connection; the replica has the other. */
  readonly role?: LinkRole;
  /** Our hello has arrived before the replica listens. */
  readonly isEarly?: boolean;
}

export class ScriptedPeer implements LinkConnection {
  readonly remoteAddress = 'scripted';
  bufferedBytes = 0;
  readonly origin: OriginId;
  readonly received: LinkFrame[] = [];
  /** How the replica closed the link. */
  closeCode: string | undefined;
  readonly #options: Required<ScriptedPeerOptions>;
  #listener: LinkConnectionListener | undefined;
  #theirHello: Uint8Array | undefined;
  #chainHash: Uint8Array;
  #seq = 0;

  constructor(replica: Replica, options: ScriptedPeerOptions = {}) {
    this.#options = {
      region: 'paris',
      epoch: '00000000000a',
      meshKey: new Uint8Array(32).fill(7),
      storeId: new Uint8Array(16).fill(1),
      instanceId: new Uint8Array(16).fill(2),
      protocolVersion: 1,
      protocolVersionFloor: 1,
      role: 'dialer',
      isEarly: false,
      ...options,
    };
    this.origin = `${this.#options.region}.${this.#options.epoch}` as OriginId;
    this.#chainHash = chainStart(hash, this.origin);
    replica.attachLink(this, this.#options.role === 'dialer' ? 'acceptor' : 'dialer');
  }

  listen(listener: LinkConnectionListener): void {
    this.#listener = listener;
    if (this.#options.isEarly) listener.receiveFrame(this.hello());
  }

  send(frame: Uint8Array): void {
    const decoded = decodeLinkFrame(frame);
    if (decoded === undefined) return;
    if (decoded.type === 'hello') this.#theirHello = frame;
    this.received.push(decoded);
  }

  close(code: string, _reason: string): void {
    if (this.closeCode !== undefined) return;
    this.closeCode = code;
    this.#listener?.closed('normal', 'closed by the replica');
  }

  /** The connection breaks without a word. */
  break(): void {
    this.closeCode ??= 'broken';
    this.#listener?.closed('lost', 'broken');
  }

  sendBytes(bytes: Uint8Array): void {
    if (this.closeCode === undefined) this.#listener?.receiveFrame(bytes);
  }

  sendFrame(frame: LinkFrame): void {
    this.sendBytes(encodeLinkFrame(frame));
  }

  hello(): Uint8Array {
    const { region, storeId, instanceId, protocolVersion, protocolVersionFloor } = this.#options;
    const nonce = new Uint8Array(32).fill(9);
    const identity = { region: region as RegionId, origin: this.origin, storeId, instanceId, nonce };
    return encodeLinkFrame({ type: 'hello', protocolVersion, protocolVersionFloor, ...identity, features: [] });
  }

  proof(): Uint8Array {
    const label = encodeUtf8(`anabranch-link-proof-1|${this.#options.role}|`);
    const transcript = concatBytes([label, this.hello(), this.#theirHello ?? new Uint8Array()]);
    return encodeLinkFrame({ type: 'proof', mac: hash.hmacSha256(this.#options.meshKey, transcript) });
  }

  shakeHands(): void {
    this.sendBytes(this.hello());
    this.sendBytes(this.proof());
  }

  /** Reports that this peer holds so many ops of an origin. */
  reportHeads(seq: number, origin: OriginId = this.origin): void {
    const report = { origin, seq, oldestSeq: 1, logBytes: 100 * seq, completeMs: 0 };
    this.sendFrame({ type: 'heads', sentAtMs: 1, wallMs: 1_700_000_000_000, echoMs: 0, echoHeldMs: 0, origins: [report] });
  }

  /** The next frame of this peer's own log. */
  ops(ops: readonly Op[]): Extract<LinkFrame, { type: 'ops' }> {
    const firstSeq = this.#seq + 1;
    const encoded = ops.map(encodeOp);
    for (const bytes of encoded) this.#chainHash = chainNext(hash, this.#chainHash, bytes);
    this.#seq += ops.length;
    return { type: 'ops', origin: this.origin, firstSeq, ops: encoded, lastChainHash: this.#chainHash };
  }

  framesOf<T extends LinkFrame['type']>(type: T): Array<Extract<LinkFrame, { type: T }>> {
    return this.received.filter((frame): frame is Extract<LinkFrame, { type: T }> => frame.type === type);
  }
}
