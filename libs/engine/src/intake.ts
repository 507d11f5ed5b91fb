// What arrives from peers, between the links and the log: verified against the hash chain, held until its causal
// dependencies are in the log, then appended.
//
//   ops frame --> skip what is known --> recompute the chain --> hold --> [dependencies met] --> log
//
// Invariant 1: an op is appended only after everything it depends on, so the order of arrival is a causal order (G5).
// Invariant 2: an op is appended once, whatever is repeated, overlaps or arrives from two upstreams (G4).
// Invariant 3: a frame is taken whole or not at all.
// Invariant 4: what is held is bounded; at the bound an origin's held ops are dropped (they are durable at the peer) and
//              asked for again later, so that one origin's wait never starves another's stream.

import { bytesEqual, type Hash, isAnabranchError } from '@anabranch/base';
import type { OriginId } from '@anabranch/causality';
import { chainNext, decodeOp, frameInvalid, type Op, type OpsFrame, vectorOriginsMax } from '@anabranch/protocol';
import type { OpLog } from './op-log.ts';

/** Where the next op of an origin must continue: the last one appended or held. */
export interface IntakeCursor {
  readonly seq: number;
  readonly chainHash: Uint8Array;
}

export type IntakeResult =
  | 'taken'
  | 'duplicate'
  /** The frame starts after the cursor: subscribe again from there. */
  | 'gap'
  /** The chain does not continue: the sender's log is another one than ours. */
  | 'broken'
  /** Too much is held: this origin's held ops were dropped. Or it is new, and as many are known as are taken. */
  | 'overflow';

interface HeldOp extends IntakeCursor {
  readonly bytes: Uint8Array;
  readonly op: Op;
}

/** Memory that a held op takes beside its bytes, at least. */
const heldOpOverheadBytes = 512;

interface Held {
  readonly ops: HeldOp[];
  /** With what each op takes in memory beside its bytes. */
  bytes: number;
}

export class Intake {
  /** Memory for one origin's ops that may wait for their dependencies. At the limit: Invariant 4. */
  static readonly heldBytesMax: number = 16 << 20;
  /** Memory for all origins' ops that may wait. At the limit the origin that brings more is dropped as at its own. */
  static readonly allHeldBytesMax: number = 64 << 20;

  /** Origins taken from peers. The rest of what a vector holds is for epochs of our own: a larger one nobody would take. */
  static readonly originsMax: number = vectorOriginsMax - 16;

  readonly #log: OpLog;
  readonly #hash: Hash;
  readonly #held = new Map<OriginId, Held>();
  #heldBytes = 0;

  constructor(log: OpLog, hash: Hash) {
    this.#log = log;
    this.#hash = hash;
  }

  cursor(origin: OriginId): IntakeCursor {
    return this.#held.get(origin)?.ops.at(-1) ?? this.#log.head(origin);
  }

  /** @throws AnabranchError `frame_invalid` when an op is malformed; nothing of the frame is taken then. */
  receive(frame: OpsFrame): IntakeResult {
    const cursor = this.cursor(frame.origin);
    const lastSeq = frame.firstSeq + frame.ops.length - 1;
    if (!Number.isSafeInteger(lastSeq)) throw frameInvalid('a seq is out of range');
    if (lastSeq <= cursor.seq) return this.#isKnown(frame, lastSeq) ? 'duplicate' : 'broken';
    if (frame.firstSeq > cursor.seq + 1) return 'gap';
    if (cursor.seq === 0 && this.#log.originCount + this.#held.size >= Intake.originsMax) return 'overflow';
    const arrivals = this.#verify(frame, cursor);
    if (arrivals === undefined) return 'broken';
    const held = this.#holdOf(frame.origin);
    for (const arrival of arrivals) {
      held.ops.push(arrival);
      held.bytes += sizeOf(arrival.bytes);
      this.#heldBytes += sizeOf(arrival.bytes);
    }
    this.release();
    if (held.bytes === 0) return 'taken';
    if (held.bytes <= Intake.heldBytesMax && this.#heldBytes <= Intake.allHeldBytesMax) return 'taken';
    this.drop(frame.origin);
    return 'overflow';
  }

  /** Appends every held op whose dependencies have been met meanwhile; none when the log has failed and the process ends. */
  release(): void {
    // Links go on until the replica has stopped; what they still bring is left to be asked for again by the next process.
    let hasMoved = !this.#log.hasFailed;
    while (hasMoved) {
      hasMoved = false;
      for (const [origin, held] of this.#held) {
        if (this.#releaseOrigin(origin, held)) hasMoved = true;
        if (held.ops.length === 0) this.#held.delete(origin);
      }
    }
  }

  /** Forgets what is held of an origin, for example because it is quarantined. True when there was anything. */
  drop(origin: OriginId): boolean {
    this.#heldBytes -= this.#held.get(origin)?.bytes ?? 0;
    return this.#held.delete(origin);
  }

  /**
   * Whether what a frame repeats is what we have, as far as it can be looked up: what is on its way to the disk cannot, and a
   * record of ours that is damaged says nothing about the peer.
   */
  #isKnown(frame: OpsFrame, lastSeq: number): boolean {
    const held = this.#held.get(frame.origin)?.ops.find((op) => op.seq === lastSeq);
    try {
      const known = held?.chainHash ?? this.#log.chainHashAt(frame.origin, lastSeq);
      return known === undefined || bytesEqual(known, frame.lastChainHash);
    } catch (error) {
      if (isAnabranchError(error, 'record_damaged')) return true;
      throw error;
    }
  }

  #verify(frame: OpsFrame, cursor: IntakeCursor): HeldOp[] | undefined {
    const arrivals: HeldOp[] = [];
    let { seq, chainHash } = cursor;
    for (const bytes of frame.ops.slice(cursor.seq + 1 - frame.firstSeq)) {
      chainHash = chainNext(this.#hash, chainHash, bytes);
      seq += 1;
      const op = decodeOp(bytes);
      if (op.dependencies.some(([origin]) => origin === frame.origin)) throw frameInvalid('an op depends on its own origin');
      arrivals.push({ seq, chainHash, bytes, op });
    }
    return bytesEqual(chainHash, frame.lastChainHash) ? arrivals : undefined;
  }

  #releaseOrigin(origin: OriginId, held: Held): boolean {
    let count = 0;
    for (const { bytes, op, chainHash } of held.ops) {
      if (!this.#isReady(op)) break;
      this.#log.append(origin, bytes, { op, isLocal: false, chainHash });
      held.bytes -= sizeOf(bytes);
      this.#heldBytes -= sizeOf(bytes);
      count += 1;
    }
    held.ops.splice(0, count);
    return count > 0;
  }

  #isReady(op: Op): boolean {
    return op.dependencies.every(([origin, seq]) => this.#log.head(origin).seq >= seq);
  }

  #holdOf(origin: OriginId): Held {
    const known = this.#held.get(origin);
    if (known !== undefined) return known;
    const held: Held = { ops: [], bytes: 0 };
    this.#held.set(origin, held);
    return held;
  }
}

function sizeOf(bytes: Uint8Array): number {
  return bytes.length + heldOpOverheadBytes;
}
