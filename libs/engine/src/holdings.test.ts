import { ManualClock } from '@anabranch/base/testing';
import { type OriginId, parseRegionId, type RegionId, VersionVector } from '@anabranch/causality';
import type { HoldingsFrame, LinkFrame } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import { Holdings } from './holdings.ts';
import type { OpLog } from './op-log.ts';
import type { PeerLink } from './peer-link.ts';

const [berlin, tokyo, paris] = ['berlin', 'tokyo', 'paris'].map(parseRegionId) as [RegionId, RegionId, RegionId];
const origin = 'paris.000000000001' as OriginId;
const write = VersionVector.of([[origin, 7]]);

test('[WC5] what a peer passed over because it was linked with the region itself is told again when that link broke', () => {
  const [here, there] = [knowledgeOf(berlin), knowledgeOf(paris)];
  const toTokyo = here.link(tokyo);
  here.holdings.receive(toTokyo.link, { type: 'holdings', generation: 5, linked: [], holdings: [] });
  toTokyo.link.acknowledged = write;
  here.holdings.acknowledged(toTokyo.link);
  const [toParis, toBerlin] = [here.link(paris), there.link(berlin)];
  const cross = (): void => {
    for (const frame of toBerlin.take()) here.holdings.receive(toParis.link, frame);
    for (const frame of toParis.take()) there.holdings.receive(toBerlin.link, frame);
  };
  for (const frame of toBerlin.take()) here.holdings.receive(toParis.link, frame);
  here.holdings.spread();
  const fromParis = there.link(tokyo);
  // Paris has the news only now, when it believes nobody but Tokyo.
  cross();
  expect(there.holdings.of(tokyo).get(origin)).toBe(0);
  fromParis.end();
  for (let beat = 0; beat < 3; beat++) {
    here.holdings.spread();
    there.holdings.spread();
    cross();
  }
  expect(there.holdings.of(tokyo).get(origin)).toBe(7);
});

/** What a region knows, with links whose frames are taken by the test. */
function knowledgeOf(region: RegionId) {
  const links = new Map<RegionId, PeerLink>();
  const log: Pick<OpLog, 'durableVector'> = { durableVector: VersionVector.empty };
  const random = { u32: () => 0, bytes: (length: number) => new Uint8Array(length) };
  const parts = { clock: new ManualClock(), random, log: log as OpLog, region, links };
  const holdings = new Holdings({ ...parts, onNews: () => {}, onRestarted: () => {} });
  const link = (peerRegion: RegionId) => {
    const sent: LinkFrame[] = [];
    const fake: Pick<PeerLink, 'peerRegion' | 'acknowledged' | 'send'> = {
      peerRegion,
      acknowledged: VersionVector.empty,
      send: (frame) => void sent.push(frame),
    };
    const peerLink = fake as PeerLink;
    links.set(peerRegion, peerLink);
    holdings.begin(peerLink);
    return {
      link: peerLink,
      take: () => sent.splice(0).filter((frame): frame is HoldingsFrame => frame.type === 'holdings'),
      end: () => {
        holdings.end(peerLink);
        links.delete(peerRegion);
      },
    };
  };
  return { holdings, link };
}
