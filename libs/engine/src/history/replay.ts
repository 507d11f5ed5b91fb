// Reading a document's ops from the log, from the first one on, in chunks: between the store, whose reads are synchronous, and
// those who build something of many ops. Others get their turn between two chunks, and within one after `sliceMsMax`.
//
// Invariant 1: at most `replaysMax` replays run at one time; the next one is refused.
// Invariant 2: a document of more than `opsMax` ops or `bytesMax` bytes is refused, not cut short without a word.

import { AnabranchError, type Clock } from '@anabranch/base';
import { type DocumentId, type DocumentWrite, decodeOp, type Op } from '@anabranch/protocol';
import type { LoggedOp, ReplicaStore } from '../replica-store.ts';

/** One op of the document, decoded. */
export interface ReplayedOp {
  readonly logged: LoggedOp;
  readonly op: Op;
  /** What it writes to the document. */
  readonly write: DocumentWrite;
}

export interface ReplayParts {
  readonly store: Pick<ReplicaStore, 'readHistory'>;
  readonly clock: Clock;
}

export class Replays {
  /** Replays under way. Beyond: `overloaded`. */
  static readonly replaysMax = 4;
  /** Ops of one document. Beyond: `history_unavailable`. */
  static readonly opsMax = 100_000;
  /** Bytes of ops of one document. Beyond: `history_unavailable`. */
  static readonly bytesMax: number = 64 << 20;
  /** Bytes of ops read at once. */
  static readonly chunkBytesMax: number = 32 << 10;
  /** Time after which a replay lets others have their turn. */
  static readonly sliceMsMax = 10;

  readonly #parts: ReplayParts;
  #running = 0;

  constructor(parts: ReplayParts) {
    this.#parts = parts;
  }

  /** Runs one replay. @throws AnabranchError `overloaded`. */
  async run<T>(act: (replay: Replay) => Promise<T>): Promise<T> {
    if (this.#running >= Replays.replaysMax) throw new AnabranchError('overloaded', 'too many histories are being read');
    this.#running += 1;
    try {
      return await act(new Replay(this.#parts));
    } finally {
      this.#running -= 1;
    }
  }
}

/** One run over the histories of one document or, one after the other, of several. */
export class Replay {
  readonly #parts: ReplayParts;
  #ops = 0;
  readonly #startMs: number;
  #sliceStartMs: number;

  constructor(parts: ReplayParts) {
    this.#parts = parts;
    this.#startMs = parts.clock.monotonicMs();
    this.#sliceStartMs = this.#startMs;
  }

  /** How many ops were read so far. */
  get opCount(): number {
    return this.#ops;
  }

  /** How long it has been running. */
  get elapsedMs(): number {
    return this.#parts.clock.monotonicMs() - this.#startMs;
  }

  /** After which position the store knows the document's ops; 0 when it knows all. */
  beginsAfter(document: DocumentId): number {
    return this.#parts.store.readHistory(document, Number.MAX_SAFE_INTEGER - 1, 0).beginsAfter;
  }

  /** The document's ops after a position in chunks, in order of arrival. */
  async *chunks(document: DocumentId, afterPosition = 0): AsyncIterable<readonly ReplayedOp[]> {
    let position = afterPosition;
    let [opCount, byteCount] = [0, 0];
    for (;;) {
      const { ops } = this.#parts.store.readHistory(document, position, Replays.chunkBytesMax);
      const last = ops.at(-1);
      if (last === undefined) return;
      position = last.position;
      opCount += ops.length;
      for (const { bytes } of ops) byteCount += bytes.length;
      if (opCount > Replays.opsMax || byteCount > Replays.bytesMax) throw tooLong(document);
      this.#ops += ops.length;
      yield ops.flatMap((logged) => replayed(logged, document));
      await this.#yield();
    }
  }

  /** To be called between costly steps. */
  async breathe(): Promise<void> {
    if (this.#parts.clock.monotonicMs() - this.#sliceStartMs >= Replays.sliceMsMax) await this.#yield();
  }

  async #yield(): Promise<void> {
    const { clock } = this.#parts;
    await new Promise<void>((resolve) => void clock.setTimer(0, resolve));
    this.#sliceStartMs = clock.monotonicMs();
  }
}

function tooLong(document: DocumentId): AnabranchError {
  const { opsMax, bytesMax } = Replays;
  return new AnabranchError('history_unavailable', `${document} has more history than one request replays`, { opsMax, bytesMax });
}

function replayed(logged: LoggedOp, document: DocumentId): ReplayedOp[] {
  const op = decodeOp(logged.bytes);
  return op.writes.filter((write) => write.document === document).map((write) => ({ logged, op, write }));
}
