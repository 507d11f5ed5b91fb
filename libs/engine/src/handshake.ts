// The handshake of a link, without I/O: both sides send a hello, then a proof that they hold the mesh key, bound to both
// hellos and to the side of the connection. Nothing else is said or believed before the peer's proof has been checked.
//
//   ours:    start() -> hello          hello -> proof                 proof -> established
//
// Invariant 1: a peer is established only by a proof over the very bytes of both hellos, made for its role; a replayed or
//              reflected proof fails because the nonce or the role differs.
// Invariant 2: our own region name is refused before anything is proven: it is a second process of ours, or a loop.

import { AnabranchError, bytesEqual, concatBytes, encodeUtf8, type Hash } from '@anabranch/base';
import {
  agreeProtocolVersion,
  decodeLinkFrame,
  encodeLinkFrame,
  frameInvalid,
  type HelloFrame,
  type ProofFrame,
  protocolVersion,
  protocolVersionFloor,
} from '@anabranch/protocol';
import type { LinkRole } from './link-connection.ts';

const ourVersions = { floor: protocolVersionFloor, current: protocolVersion };

export interface HandshakeIdentity {
  readonly region: HelloFrame['region'];
  readonly origin: HelloFrame['origin'];
  readonly storeId: Uint8Array;
  readonly instanceId: Uint8Array;
  readonly features: readonly string[];
}

export interface HandshakeStep {
  readonly reply: Uint8Array | undefined;
  /** The peer, once its proof has been checked. */
  readonly peer: HelloFrame | undefined;
}

export class Handshake {
  readonly #hash: Hash;
  readonly #meshKey: Uint8Array;
  readonly #role: LinkRole;
  readonly #hello: HelloFrame;
  readonly #helloBytes: Uint8Array;
  #peer: { readonly hello: HelloFrame; readonly bytes: Uint8Array } | undefined;

  constructor(options: {
    hash: Hash;
    meshKey: Uint8Array;
    role: LinkRole;
    identity: HandshakeIdentity;
    nonce: Uint8Array;
  }) {
    this.#hash = options.hash;
    this.#meshKey = options.meshKey;
    this.#role = options.role;
    const { current, floor } = ourVersions;
    const versions = { protocolVersion: current, protocolVersionFloor: floor };
    this.#hello = { type: 'hello', ...versions, ...options.identity, nonce: options.nonce };
    this.#helloBytes = encodeLinkFrame(this.#hello);
  }

  start(): Uint8Array {
    return this.#helloBytes;
  }

  /**
   * @throws AnabranchError `frame_invalid`, `protocol_version_unsupported`, `region_duplicate`, `mesh_key_mismatch`: the
   *   link must be closed with that code.
   */
  receive(bytes: Uint8Array): HandshakeStep {
    const frame = decodeLinkFrame(bytes);
    if (frame?.type === 'hello' && this.#peer === undefined) return this.#receiveHello(frame, bytes);
    if (frame?.type === 'proof' && this.#peer !== undefined) return this.#receiveProof(frame, this.#peer);
    throw frameInvalid('it does not belong into a handshake');
  }

  #receiveHello(hello: HelloFrame, bytes: Uint8Array): HandshakeStep {
    const theirs = { floor: hello.protocolVersionFloor, current: hello.protocolVersion };
    if (agreeProtocolVersion(ourVersions, theirs) === undefined) {
      const ranges = `${theirs.floor}-${theirs.current}, this region ${ourVersions.floor}-${ourVersions.current}`;
      throw new AnabranchError('protocol_version_unsupported', `the peer accepts protocols ${ranges}`);
    }
    if (hello.region === this.#hello.region) {
      throw new AnabranchError('region_duplicate', `the peer claims to be ${hello.region} too`);
    }
    this.#peer = { hello, bytes };
    const mac = this.#mac(this.#role, this.#helloBytes, bytes);
    return { reply: encodeLinkFrame({ type: 'proof', mac }), peer: undefined };
  }

  #receiveProof(frame: ProofFrame, peer: { hello: HelloFrame; bytes: Uint8Array }): HandshakeStep {
    const peerRole = this.#role === 'dialer' ? 'acceptor' : 'dialer';
    const expected = this.#mac(peerRole, peer.bytes, this.#helloBytes);
    // Comparing digests of the two leaks nothing through timing.
    if (bytesEqual(this.#hash.sha256(expected), this.#hash.sha256(frame.mac))) return { reply: undefined, peer: peer.hello };
    throw new AnabranchError('mesh_key_mismatch', 'the peer did not prove that it holds the mesh key');
  }

  #mac(role: LinkRole, own: Uint8Array, other: Uint8Array): Uint8Array {
    const parts = [encodeUtf8(`anabranch-link-proof-1|${role}|`), own, other];
    return this.#hash.hmacSha256(this.#meshKey, concatBytes(parts));
  }
}
