import type { RegionId } from '@anabranch/causality';
import { describe, expect, test } from 'vitest';
import {
  askAgainMs,
  askAgainMsMax,
  avoidMs,
  evaluateUpstream,
  stallMsMax,
  type UpstreamCandidate,
  type UpstreamState,
  upstreamStart,
} from './upstream.ts';

const candidate = (region: string, seq: number, options: Partial<UpstreamCandidate> = {}): UpstreamCandidate => ({
  region: region as RegionId,
  isDirect: region === 'tokyo',
  seq,
  roundTripMs: 10,
  ...options,
});

/** Evaluates at each moment with the same view; the last state. */
function settle(state: UpstreamState, candidates: readonly UpstreamCandidate[], cursorSeq: number, ...atMs: number[]): UpstreamState {
  return atMs.reduce((current, nowMs) => evaluateUpstream(current, candidates, cursorSeq, nowMs), state);
}

describe('the upstream of an origin of tokyo', () => {
  test('[PULL2] is tokyo while it is linked, whoever else has more', () => {
    const state = settle(upstreamStart, [candidate('berlin', 9), candidate('tokyo', 5)], 5, 0);
    expect(state.upstream).toBe('tokyo');
  });

  test('[PULL3] is the peer that has most when tokyo is not linked; of equals the nearest, then the first by name', () => {
    const choose = (...candidates: UpstreamCandidate[]): string | undefined => settle(upstreamStart, candidates, 0, 0).upstream;
    expect(choose(candidate('berlin', 3), candidate('oslo', 7))).toBe('oslo');
    expect(choose(candidate('berlin', 7, { roundTripMs: 90 }), candidate('oslo', 7))).toBe('oslo');
    expect(choose(candidate('oslo', 7), candidate('berlin', 7))).toBe('berlin');
    expect(choose()).toBeUndefined();
  });

  test('[PULL6] is left when others have more and nothing comes for its round trip and a while', () => {
    const candidates = [candidate('tokyo', 5), candidate('berlin', 8)];
    const patienceMs = stallMsMax + 10;
    const patient = settle(upstreamStart, candidates, 5, 0, patienceMs - 1);
    expect(patient.upstream).toBe('tokyo');
    const moved = settle(patient, candidates, 5, patienceMs);
    expect(moved).toMatchObject({ upstream: 'berlin', avoided: { region: 'tokyo' } });
  });

  test('[PULL6] is kept while it makes progress, however far behind it is', () => {
    let state = upstreamStart;
    for (let seq = 0; seq < 50; seq++) {
      state = evaluateUpstream(state, [candidate('tokyo', 1_000), candidate('berlin', 2_000)], seq, seq * stallMsMax);
    }
    expect(state.upstream).toBe('tokyo');
  });

  test('[PULL6] is kept when it stalls and nobody else has more', () => {
    const state = settle(upstreamStart, [candidate('tokyo', 9), candidate('berlin', 5)], 5, 0, 10_000, 20_000);
    expect(state.upstream).toBe('tokyo');
  });

  test('[PULL6] is asked again when it stalls and nobody else has more: soon, then less and less often, and not when it delivers', () => {
    const candidates = [candidate('tokyo', 9), candidate('berlin', 5)];
    const askedAtMs: number[] = [];
    let state = settle(upstreamStart, candidates, 5, 0);
    for (let nowMs = 0; nowMs < 40_000; nowMs += 10) {
      const next = evaluateUpstream(state, candidates, 5, nowMs);
      if (next.asked !== state.asked) askedAtMs.push(nowMs);
      state = next;
    }
    const gaps = askedAtMs.map((atMs, n) => atMs - (askedAtMs[n - 1] ?? 0));
    expect(gaps.slice(0, 4)).toEqual([askAgainMs + 10, 2 * askAgainMs, askAgainMsMax, askAgainMsMax]);
    const delivering = evaluateUpstream(state, candidates, 6, 40_000);
    expect(delivering.asked).toBeUndefined();
    expect(settle(delivering, candidates, 6, 40_000 + askAgainMs).asked).toBeUndefined();
    expect(settle(delivering, candidates, 9, 50_000, 60_000).asked).toBeUndefined();
    // The origin is not linked, and whoever is has nothing more.
    expect(settle(upstreamStart, [candidate('berlin', 5)], 5, 0, 10_000).asked).toBeUndefined();
  });

  test('[PULL4] is tokyo again once it has what we have and is no longer avoided', () => {
    const stalled = settle(upstreamStart, [candidate('tokyo', 5), candidate('berlin', 8)], 5, 0, 1_000);
    expect(stalled.upstream).toBe('berlin');
    const back = [candidate('tokyo', 8), candidate('berlin', 8)];
    expect(settle(stalled, back, 8, 1_000 + avoidMs - 1).upstream).toBe('berlin');
    expect(settle(stalled, back, 8, 1_000 + avoidMs).upstream).toBe('tokyo');
    const behind = [candidate('tokyo', 6), candidate('berlin', 8)];
    expect(settle(stalled, behind, 8, 1_000 + avoidMs).upstream).toBe('berlin');
  });
});
