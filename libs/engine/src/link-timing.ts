// What the heads that cross a link tell of its round trip and of the peer's clocks: each echoes when the newest one of the
// other side was sent, and for how long it was held.
//
// Wall clocks may be stepped at any moment, here and there. What is measured is how far apart the monotonic clocks are; of the
// peer's wall clock only differences between two times count that one frame names.
//
// A path that is held up and then delivers makes round trips look seconds long that take milliseconds; nothing makes them look
// shorter than they are. So of the recent samples the shortest counts, and its offset with it, as in NTP's clock filter
// (RFC 5905, section 10).

import type { HeadsFrame } from '@anabranch/protocol';

interface Sample {
  readonly atMs: number;
  readonly roundTripMs: number;
  /** The peer's monotonic clock minus ours. */
  readonly offsetMs: number;
}

/** The newest heads that came, their times by the peer's clocks but the last, by our monotonic one. */
type HeardHeads = Pick<HeadsFrame, 'sentAtMs' | 'wallMs'> & { readonly receivedAtMs: number };

export class LinkTiming {
  /** Samples of so long are looked at: a path that is held up for less and then delivers all at once is not taken for a long one. */
  static readonly sampleMsMax = 10_000;
  /** Samples kept; the oldest is dropped. */
  static readonly samplesMax = 128;

  readonly #samples: Sample[] = [];
  #best: Sample | undefined;
  #lastHeads: HeardHeads | undefined;

  get roundTripMs(): number | undefined {
    return this.#best?.roundTripMs;
  }

  /** The peer's wall clock minus one of ours that shows `wallMs` when the monotonic one shows `nowMs`. */
  clockOffsetMs(nowMs: number, wallMs: number): number | undefined {
    const peerWallMs = this.#lastHeads?.wallMs ?? 0;
    const shownAtMs = this.whenMs(peerWallMs);
    return shownAtMs === undefined ? undefined : peerWallMs + nowMs - shownAtMs - wallMs;
  }

  /** What our monotonic clock showed when the peer's wall clock, as it was set when it sent the newest heads, showed this. */
  whenMs(peerWallMs: number): number | undefined {
    if (this.#best === undefined || this.#lastHeads === undefined) return undefined;
    const { sentAtMs, wallMs } = this.#lastHeads;
    return sentAtMs - this.#best.offsetMs - (wallMs - peerWallMs);
  }

  /** What the next heads echo. `nowMs` is monotonic. */
  echo(nowMs: number): Pick<HeadsFrame, 'echoMs' | 'echoHeldMs'> {
    if (this.#lastHeads === undefined) return { echoMs: 0, echoHeldMs: 0 };
    const { sentAtMs, receivedAtMs } = this.#lastHeads;
    return { echoMs: sentAtMs, echoHeldMs: Math.floor(nowMs - receivedAtMs) };
  }

  /** Takes heads that arrived at `nowMs`, monotonic. */
  hear(frame: HeadsFrame, nowMs: number): void {
    this.#lastHeads = { sentAtMs: frame.sentAtMs, wallMs: frame.wallMs, receivedAtMs: nowMs };
    if (frame.echoMs === 0) return;
    const roundTripMs = Math.max(0, nowMs - frame.echoMs - frame.echoHeldMs);
    this.#samples.push({ atMs: nowMs, roundTripMs, offsetMs: frame.sentAtMs + roundTripMs / 2 - nowMs });
    const isOld = ({ atMs }: Sample): boolean => nowMs - atMs > LinkTiming.sampleMsMax;
    while (this.#samples.length > LinkTiming.samplesMax || this.#samples.slice(0, 1).some(isOld)) this.#samples.shift();
    this.#best = this.#samples.reduce((best, sample) => (sample.roundTripMs <= best.roundTripMs ? sample : best));
  }
}
