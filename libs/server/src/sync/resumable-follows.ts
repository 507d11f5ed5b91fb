// What embedded clients follow, kept for those whose socket is gone: a client that comes back names nothing again, and nothing is
// done for each of its documents.
//
// Invariant 1: only what a client had named completely is kept; of the rest nothing is known, and it is asked for again.
// Invariant 2: one session at a time has a key: who comes with the key of a live session takes its place.
// Invariant 3: what was handed in here is handed out once, or released.

import { type Random, toHex } from '@anabranch/base';
import type { Following } from '@anabranch/engine';
import { type DocumentId, resumeKeyLength } from '@anabranch/protocol';
import type { SyncLimits } from './sync-limits.ts';

export interface ResumableFollows {
  readonly following: Following;
  /** The collections that the client described as the region has them: those of all that it follows are among them. */
  readonly agreed: ReadonlySet<string>;
  /** Those that it was refused because it described their collection otherwise, and was not sent whole since. */
  readonly differing: readonly DocumentId[];
  readonly serial: number;
}

interface Kept extends ResumableFollows {
  readonly keptMs: number;
}

/** The live session of a key. */
export interface ResumeHolder {
  /** Ends it for another session of the same client; what it followed, if that was complete. */
  handOver(): ResumableFollows | undefined;
}

export class ResumableClients {
  readonly #limits: SyncLimits;
  readonly #random: Random;
  readonly #live = new Map<string, ResumeHolder>();
  /** In the order in which their sockets went. */
  readonly #kept = new Map<string, Kept>();
  #documentCount = 0;

  constructor(limits: SyncLimits, random: Random) {
    this.#limits = limits;
    this.#random = random;
  }

  /** A session begins with the key of the one before, or none. */
  begin(key: Uint8Array, holder: ResumeHolder): { readonly key: Uint8Array; readonly follows: ResumableFollows | undefined } {
    const name = toHex(key);
    const follows = key.length === resumeKeyLength ? (this.#live.get(name)?.handOver() ?? this.#takeKept(name)) : undefined;
    const issued = follows === undefined ? this.#random.bytes(resumeKeyLength) : key;
    this.#live.set(toHex(issued), holder);
    return { key: issued, follows };
  }

  /** The session is over. */
  end(key: Uint8Array, holder: ResumeHolder, follows: ResumableFollows | undefined, nowMs: number): void {
    const name = toHex(key);
    const isLive = this.#live.get(name) === holder;
    if (isLive) this.#live.delete(name);
    if (follows === undefined) return;
    if (!isLive) return follows.following.release();
    this.#kept.set(name, { ...follows, keptMs: nowMs });
    this.#documentCount += countOf(follows);
    this.#shed();
  }

  sweep(nowMs: number): void {
    for (const [name, { keptMs }] of this.#kept) if (nowMs - keptMs > this.#limits.resumeMsMax) this.#release(name);
  }

  #takeKept(name: string): ResumableFollows | undefined {
    const kept = this.#kept.get(name);
    if (kept === undefined) return undefined;
    this.#kept.delete(name);
    this.#documentCount -= countOf(kept);
    return kept;
  }

  #shed(): void {
    const { resumableClientsMax, resumableDocumentsMax } = this.#limits;
    for (const name of this.#kept.keys()) {
      if (this.#kept.size <= resumableClientsMax && this.#documentCount <= resumableDocumentsMax) return;
      this.#release(name);
    }
  }

  #release(name: string): void {
    this.#takeKept(name)?.following.release();
  }
}

function countOf({ following, differing }: ResumableFollows): number {
  return following.size + differing.length;
}
