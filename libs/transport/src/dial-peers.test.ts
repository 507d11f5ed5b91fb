// The dial loop in virtual time: every wait is a timer of a manual clock, every connection a scripted one.

import { type ErrorCode, type Random, silentLogger } from '@anabranch/base';
import { ManualClock } from '@anabranch/base/testing';
import { parseRegionId } from '@anabranch/causality';
import type { LinkConnection, LinkEnd, PeerLinkHandle } from '@anabranch/engine';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DialBackoff } from './dial-backoff.ts';
import { dialPeers } from './dial-peers.ts';
import { linkUrlOf } from './link-dial.ts';

type Outcome = 'refused' | { readonly end: LinkEnd };

/** Random numbers that are always the same fraction of their range. */
function fixedRandom(fraction: number): Random {
  return { u32: () => Math.floor(fraction * (2 ** 32 - 1)), bytes: (length) => new Uint8Array(length) };
}

/** All promise callbacks that are ready have run. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

class ScriptedWorld {
  readonly clock = new ManualClock();
  readonly dialledAtMs: number[] = [];
  readonly attached: Array<{ close(): void; end(end: LinkEnd): void }> = [];
  openLinks = 0;
  readonly #outcomes: Outcome[];

  constructor(outcomes: Outcome[]) {
    this.#outcomes = [...outcomes];
  }

  /** The next outcome of the script; when it is over, connections stay open. */
  readonly dial = async (_url: string, signal: AbortSignal): Promise<LinkConnection> => {
    this.dialledAtMs.push(this.clock.monotonicMs());
    const outcome = this.#outcomes.shift();
    if (signal.aborted || outcome === 'refused') throw new Error('connect ECONNREFUSED');
    const end = outcome?.end;
    const connection: LinkConnection & { scriptedEnd: LinkEnd | undefined } = {
      remoteAddress: 'scripted',
      bufferedBytes: 0,
      scriptedEnd: end,
      listen: () => {},
      send: () => {},
      close: () => {},
    };
    return connection;
  };

  readonly replica = {
    attachLink: (connection: LinkConnection): PeerLinkHandle => {
      this.openLinks++;
      let finish: (end: LinkEnd) => void = () => {};
      const whenClosed = new Promise<LinkEnd>((resolve) => {
        finish = (end) => {
          this.openLinks--;
          resolve(end);
        };
      });
      const close = (): void => finish({ code: 'normal', reason: 'stopping', wasEstablished: true });
      this.attached.push({ close, end: (end) => finish(end) });
      const scripted = 'scriptedEnd' in connection ? (connection.scriptedEnd as LinkEnd | undefined) : undefined;
      if (scripted !== undefined) finish(scripted);
      return { whenClosed, isEstablished: true, close };
    },
  };

  start(random: Random): { stop(): Promise<void> } {
    const peers = [{ region: parseRegionId('berlin'), url: 'http://berlin.example' }];
    return dialPeers({ replica: this.replica, peers, clock: this.clock, random, logger: silentLogger, dial: this.dial });
  }

  /** Lets every wait pass until the script is over; the waits in milliseconds. */
  async runWaits(count: number): Promise<number[]> {
    const waits: number[] = [];
    for (let i = 0; i < count; i++) {
      await settle();
      const waitMs = this.clock.nextAfterMs;
      if (waitMs === undefined) break;
      waits.push(waitMs);
      this.clock.advance(waitMs);
    }
    await settle();
    return waits;
  }
}

const lost = (wasEstablished: boolean): Outcome => ({ end: { code: 'lost', reason: 'gone', wasEstablished } });

describe('dialling a peer', () => {
  test('[LINK6] waits twice as long after each failure, up to the limit', async () => {
    const world = new ScriptedWorld(Array.from({ length: 8 }, () => 'refused' as const));
    const dialler = world.start(fixedRandom(1));
    const waits = await world.runWaits(8);
    expect(waits.map(Math.round)).toEqual([200, 400, 800, 1600, 3000, 3000, 3000, 3000]);
    expect(world.openLinks).toBe(1);
    await dialler.stop();
    expect(world.openLinks).toBe(0);
  });

  test('[LINK6] starts afresh after a link that worked', async () => {
    const world = new ScriptedWorld(['refused', 'refused', 'refused', lost(true), 'refused', lost(false)]);
    const dialler = world.start(fixedRandom(1));
    expect((await world.runWaits(6)).map(Math.round)).toEqual([200, 400, 800, 200, 200, 400]);
    await dialler.stop();
  });

  test('[LINK6] a link that one of the two ended for a fault is none that worked', async () => {
    const faulty = (code: ErrorCode): Outcome => ({ end: { code, reason: 'said one of them', wasEstablished: true } });
    const world = new ScriptedWorld([faulty('frame_invalid'), faulty('frame_invalid'), faulty('op_gap'), faulty('not_ready'), lost(true)]);
    const dialler = world.start(fixedRandom(1));
    expect((await world.runWaits(5)).map(Math.round)).toEqual([200, 400, 800, 200, 200]);
    await dialler.stop();
  });

  test('[LINK6] never waits less than the minimum or more than the maximum, and jitters in between', () => {
    const codes = ['lost', 'frame_invalid', 'link_duplicate', 'mesh_key_mismatch', 'region_duplicate'] as const;
    const attempt = fc.record({
      code: fc.constantFrom(...codes),
      wasEstablished: fc.boolean(),
      u32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    });
    fc.assert(
      fc.property(fc.array(attempt, { minLength: 1, maxLength: 50 }), (attempts) => {
        let next = 0;
        const backoff = new DialBackoff({ u32: () => next, bytes: (length) => new Uint8Array(length) });
        for (const { code, wasEstablished, u32 } of attempts) {
          next = u32;
          const waitMs = backoff.nextWaitMs(code, wasEstablished);
          const isFinal = code === 'mesh_key_mismatch';
          const isDuplicate = code === 'region_duplicate';
          const leastMs = isDuplicate ? DialBackoff.duplicateWaitMsMin : DialBackoff.waitMsMin;
          expect(waitMs).toBeGreaterThanOrEqual(isFinal ? DialBackoff.refusedWaitMsMax / 2 : leastMs);
          expect(waitMs).toBeLessThanOrEqual(isFinal || isDuplicate ? DialBackoff.refusedWaitMsMax : DialBackoff.waitMsMax);
        }
      }),
    );
  });

  test('does not hurry when the peer said that it would be useless', async () => {
    const peerSays = (code: ErrorCode): Outcome => ({ end: { code, reason: 'said the peer', wasEstablished: false } });
    const world = new ScriptedWorld([peerSays('mesh_key_mismatch'), peerSays('link_duplicate'), peerSays('frame_invalid')]);
    const dialler = world.start(fixedRandom(0));
    expect((await world.runWaits(3)).map(Math.round)).toEqual([7500, 1500, 100]);
    await dialler.stop();
  });

  test.each([
    [0, [500, 1000, 2000, 4000, 7500, 7500]],
    [1, [1000, 2000, 4000, 8000, 15_000, 15_000]],
  ])(
    '[LINK7] comes back soon after it was refused as a duplicate, later each time it is again (%s of the range)',
    async (fraction, waits) => {
      // On the side that dials the handshake has succeeded when the refusal arrives.
      const refused: Outcome = { end: { code: 'region_duplicate', reason: 'said the peer', wasEstablished: true } };
      const world = new ScriptedWorld([...waits.map(() => refused), 'refused', refused, lost(true), refused]);
      const dialler = world.start(fixedRandom(fraction));
      expect((await world.runWaits(waits.length)).map(Math.round)).toEqual(waits);
      const [, refusedAgainMs, , refusedAfreshMs] = (await world.runWaits(4)).map(Math.round);
      expect([refusedAgainMs, refusedAfreshMs]).toEqual([waits.at(-1), waits[0]]);
      await dialler.stop();
    },
  );

  test('stopping while waiting leaves no timer and dials no more', async () => {
    const world = new ScriptedWorld(['refused']);
    const dialler = world.start(fixedRandom(0.5));
    await settle();
    expect(world.clock.pendingCount).toBe(1);
    await dialler.stop();
    expect(world.clock.pendingCount).toBe(0);
    world.clock.advance(60_000);
    await settle();
    expect(world.dialledAtMs.length).toBe(1);
  });

  test('stopping while dialling closes what opens afterwards', async () => {
    const world = new ScriptedWorld([]);
    const dialler = world.start(fixedRandom(0.5));
    await dialler.stop();
    expect(world.openLinks).toBe(0);
    expect(world.dialledAtMs.length).toBe(1);
  });

  test.each([
    ['http://berlin.example:7102', 'ws://berlin.example:7102/v1/link'],
    ['https://berlin.example', 'wss://berlin.example/v1/link'],
    ['ws://127.0.0.1:1/', 'ws://127.0.0.1:1/v1/link'],
    ['wss://berlin.example/v1/link', 'wss://berlin.example/v1/link'],
    ['wss://gateway.example/berlin', 'wss://gateway.example/berlin/v1/link'],
    ['wss://gateway.example/berlin/', 'wss://gateway.example/berlin/v1/link'],
    ['wss://gateway.example/berlin/v1/link?zone=2#x', 'wss://gateway.example/berlin/v1/link?zone=2'],
  ])('finds the link door of %s', (url, expected) => {
    expect(linkUrlOf(url)).toBe(expected);
  });
});
