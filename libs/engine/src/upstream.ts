// Which peer an origin's ops are pulled from. One upstream per origin: the origin's own region while it delivers, else the
// peer that has most. A full mesh so sends every op once per region, and a region that cannot reach another is served by
// one that can, with no configuration.
//
//            direct link, delivering                     stalled: others have more, nothing comes
//   (none) ------------------------> direct -----------------------------------------------------> relay
//                                      ^                                                             |
//                                      +---- direct is back, has what we have, and was not just left -+
//
// An upstream that stalls and that nobody can replace is asked again: what it sent may be lost, and nothing after it would show.

import { compareStrings } from '@anabranch/base';
import type { RegionId } from '@anabranch/causality';

/** A linked peer that could send an origin's ops. */
export interface UpstreamCandidate {
  readonly region: RegionId;
  /** True when the origin belongs to this region. */
  readonly isDirect: boolean;
  /** The newest seq it has reported. */
  readonly seq: number;
  readonly roundTripMs: number;
}

/** What is remembered of an origin between two evaluations. */
export interface UpstreamState {
  readonly upstream: RegionId | undefined;
  /** Since when a candidate has had more than we do and nothing has come; undefined when nothing is missing. */
  readonly stalledSinceMs: number | undefined;
  /** The cursor when `stalledSinceMs` was taken. */
  readonly cursorSeq: number;
  /** The upstream that was left because it stalled, and until when it is not taken again while others have more. */
  readonly avoided: { readonly region: RegionId; readonly untilMs: number } | undefined;
  /** When an upstream that stalls was asked again, and for how long it is not once more; undefined when it was not, or does not stall. */
  readonly asked: { readonly atMs: number; readonly patienceMs: number } | undefined;
}

export const upstreamStart: UpstreamState = {
  upstream: undefined,
  stalledSinceMs: undefined,
  cursorSeq: 0,
  avoided: undefined,
  asked: undefined,
};

/** An upstream that delivers nothing for so long, beyond its round trip, while another peer has more is left. */
export const stallMsMax = 250;
/** How long an upstream that stalled is avoided. */
export const avoidMs = 2_000;
/** An upstream that nobody can replace is asked again after so long without anything, beyond its round trip: doubled each time, up to the second. */
export const askAgainMs = 2_000;
export const askAgainMsMax = 8_000;

/** The next state of an origin's upstream. `cursorSeq` is the last op received, `nowMs` monotonic. Pure. */
export function evaluateUpstream(
  state: UpstreamState,
  candidates: readonly UpstreamCandidate[],
  cursorSeq: number,
  nowMs: number,
): UpstreamState {
  const avoided = state.avoided !== undefined && state.avoided.untilMs > nowMs ? state.avoided : undefined;
  const current = candidates.find((candidate) => candidate.region === state.upstream);
  const isBehind = candidates.some((candidate) => candidate.seq > cursorSeq);
  const hasProgress = cursorSeq > state.cursorSeq;
  const stalledSinceMs = isBehind ? (hasProgress ? nowMs : (state.stalledSinceMs ?? nowMs)) : undefined;

  const patienceMs = stallMsMax + (current?.roundTripMs ?? 0);
  const isStalled = stalledSinceMs !== undefined && nowMs - stalledSinceMs >= patienceMs;
  if (current !== undefined && isStalled) {
    const other = best(candidates.filter((candidate) => candidate !== current && candidate.seq > cursorSeq));
    if (other !== undefined) {
      const left = { region: current.region, untilMs: nowMs + avoidMs };
      return { upstream: other.region, stalledSinceMs: nowMs, cursorSeq, avoided: left, asked: undefined };
    }
  }
  const direct = candidates.find((candidate) => candidate.isDirect && candidate.region !== avoided?.region);
  const isDirectUseful = direct !== undefined && (current === undefined || direct.seq >= cursorSeq);
  const upstream = isDirectUseful ? direct?.region : (current?.region ?? best(candidates)?.region);
  const isWaiting = stalledSinceMs !== undefined && current !== undefined && current.region === upstream && current.seq > cursorSeq;
  const asked = isWaiting ? lastAsked(hasProgress ? undefined : state.asked, stalledSinceMs, nowMs - current.roundTripMs) : undefined;
  return { upstream, stalledSinceMs, cursorSeq, avoided, asked };
}

function lastAsked(asked: UpstreamState['asked'], stalledSinceMs: number, nowMs: number): UpstreamState['asked'] {
  const { atMs, patienceMs } = asked ?? { atMs: stalledSinceMs, patienceMs: askAgainMs };
  return nowMs - atMs < patienceMs ? asked : { atMs: nowMs, patienceMs: Math.min(2 * patienceMs, askAgainMsMax) };
}

/** The one that has most; of equals the nearest; of those the first by name, so that the choice is stable. */
function best(candidates: readonly UpstreamCandidate[]): UpstreamCandidate | undefined {
  return [...candidates].sort((a, b) => b.seq - a.seq || a.roundTripMs - b.roundTripMs || compareStrings(a.region, b.region))[0];
}
