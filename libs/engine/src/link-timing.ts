// What the heads that cross a link tell of its round trip and of the peer's clock: each echoes when the newest one of the
// other side was sent, and for how long it was held.
//
// A path that is held up and then delivers makes round trips look seconds long that take milliseconds; nothing makes them look
// shorter than they are. So of the recent samples the shortest counts, and its clock offset with it, as in NTP's clock filter
// (RFC 5905, section 10).

import type { HeadsFrame } from '@anabranch/protocol';

interface Sample {
  readonly atMs: number;
  readonly roundTripMs: number;
  /** The peer's wall clock minus ours. */
  readonly clockOffsetMs: number;
}

export class LinkTiming {
  /** Samples of so long are looked at: a path that is held up for less and then delivers all at once is not taken for a long one. */
  static readonly sampleMsMax = 10_000;
  /** Samples kept; the oldest is dropped. */
  static readonly samplesMax = 128;

  readonly #samples: Sample[] = [];
  #best: Sample | undefined;
  #lastHeads: { readonly sentAtMs: number; readonly receivedAtMs: number } | undefined;

  get roundTripMs(): number | undefined {
    return this.#best?.roundTripMs;
  }

  get clockOffsetMs(): number | undefined {
    return this.#best?.clockOffsetMs;
  }

  /** What the next heads echo. `nowMs` is monotonic. */
  echo(nowMs: number): Pick<HeadsFrame, 'echoMs' | 'echoHeldMs'> {
    if (this.#lastHeads === undefined) return { echoMs: 0, echoHeldMs: 0 };
    const { sentAtMs, receivedAtMs } = this.#lastHeads;
    return { echoMs: sentAtMs, echoHeldMs: Math.floor(nowMs - receivedAtMs) };
  }

  /** Takes heads that arrived at `nowMs`, monotonic, when our wall clock showed `wallMs`. */
  hear(frame: HeadsFrame, nowMs: number, wallMs: number): void {
    this.#lastHeads = { sentAtMs: frame.sentAtMs, receivedAtMs: nowMs };
    if (frame.echoMs === 0) return;
    const roundTripMs = Math.max(0, nowMs - frame.echoMs - frame.echoHeldMs);
    this.#samples.push({ atMs: nowMs, roundTripMs, clockOffsetMs: frame.wallMs + roundTripMs / 2 - wallMs });
    const isOld = ({ atMs }: Sample): boolean => nowMs - atMs > LinkTiming.sampleMsMax;
    while (this.#samples.length > LinkTiming.samplesMax || this.#samples.slice(0, 1).some(isOld)) this.#samples.shift();
    this.#best = this.#samples.reduce((best, sample) => (sample.roundTripMs <= best.roundTripMs ? sample : best));
  }
}
