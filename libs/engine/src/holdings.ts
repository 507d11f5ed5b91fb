// What every region of the mesh holds durably, as far as this one knows: between the acknowledgements of links, the news that
// peers pass on of regions this one does not reach, and whoever waits for a write to be in so many regions.
//
//   link begins --holdings: generation--> its acknowledgements count for that generation
//   peer's holdings --> what regions hold that are not linked here --with the next heads--> peers that lack it
//
// Invariant 1: within one generation (process) of a region its vectors merge; another generation takes the place of all that
//              was known before. So a region that was restored counts as what it holds now as soon as it is heard of.
// Invariant 2: of a linked region only its own link is believed, of others only the greatest generation.
// Invariant 3: a region that hears of a generation under its name that is not below its own takes a greater one: a process
//              whose clock was set back is believed again as soon as it is in reach of anyone who knew the one before.
//              Until then who has heard the process itself believes no other of what it knew before to be later.
// Invariant 4: a link is sent what changed since its last frame, and nothing of regions that its peer is linked with. What its peer
//              may have passed over, because it was linked with a region by then, is sent when it is not any more.

import type { Clock, Random } from '@anabranch/base';
import { type RegionId, VersionVector } from '@anabranch/causality';
import { type HoldingsFrame, holdingsMax, linkedRegionsMax, type RegionHolding } from '@anabranch/protocol';
import type { OpLog } from './op-log.ts';
import type { PeerLink } from './peer-link.ts';

export interface HoldingsParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: OpLog;
  readonly region: RegionId;
  /** The established links. */
  readonly links: ReadonlyMap<RegionId, PeerLink>;
  /** More may be known to be durable in other regions. */
  readonly onNews: () => void;
  /** A region was heard of in another process than before. */
  readonly onRestarted: (region: RegionId) => void;
}

interface Holding {
  readonly generation: number;
  readonly durable: VersionVector;
  /** The greatest generation that the region itself has shown to be over, with a process that counts as an earlier one. */
  readonly overGeneration: number;
}

/** What was said on one link. */
interface LinkNews {
  /** Of the peer's process; undefined until it has told. */
  generation: number | undefined;
  linked: ReadonlySet<RegionId>;
  readonly sent: Map<RegionId, Holding>;
  /** What the peer must hear although it is linked there: it believes something older, or it is its own earlier process. */
  readonly owed: Map<RegionId, Holding>;
  /** The generation and links that the peer was told of us. */
  told: string;
}

const nothing: Holding = { generation: 0, durable: VersionVector.empty, overGeneration: 0 };

export class Holdings {
  /** Regions remembered at most. News of more are not taken. */
  static readonly regionsMax = linkedRegionsMax;

  readonly #parts: HoldingsParts;
  readonly #known = new Map<RegionId, Holding>();
  readonly #news = new Map<PeerLink, LinkNews>();
  #generation: number;

  constructor(parts: HoldingsParts) {
    this.#parts = parts;
    // Rises with the clock; random digits tell two processes of one millisecond apart. Invariant 3 mends a clock set back.
    const [high = 0, low = 0] = parts.random.bytes(2);
    const startMs = Math.min(Math.max(0, Math.floor(parts.clock.wallMs())), 2 ** 42);
    this.#generation = startMs * 1024 + ((high * 256 + low) % 1024);
  }

  /** What a region is known to hold durably. */
  of(region: RegionId): VersionVector {
    if (region === this.#parts.region) return this.#parts.log.durableVector;
    return (this.#known.get(region) ?? nothing).durable;
  }

  /** The link is established: says who is here, before anything is acknowledged on it. */
  begin(link: PeerLink): void {
    const news: LinkNews = { generation: undefined, linked: new Set(), sent: new Map(), owed: new Map(), told: '' };
    this.#news.set(link, news);
    // Everybody at once: a link that breaks before the next heads would go unnoticed, with what was passed over because of it.
    this.spread();
  }

  /** Whether a peer has told that it is linked with the region. */
  isLinkedElsewhere(region: RegionId): boolean {
    for (const { linked } of this.#news.values()) if (linked.has(region)) return true;
    return false;
  }

  /** The peer of an established link has acknowledged more. */
  acknowledged(link: PeerLink): void {
    const news = this.#news.get(link);
    if (news === undefined || link.peerRegion === undefined) return;
    const { acknowledged } = link;
    const known = this.#known.get(link.peerRegion);
    const isSameProcess = known !== undefined && known.generation === news.generation;
    const durable = isSameProcess ? known.durable.merge(acknowledged) : acknowledged;
    const overGeneration = known?.overGeneration ?? 0;
    this.#known.set(link.peerRegion, { generation: news.generation ?? 0, durable, overGeneration });
    this.#parts.onNews();
  }

  receive(link: PeerLink, frame: HoldingsFrame): void {
    const news = this.#news.get(link);
    const region = link.peerRegion;
    if (news === undefined || region === undefined) return;
    const known = this.#known.get(region);
    news.generation = frame.generation;
    news.linked = new Set(frame.linked);
    for (const linked of news.linked) news.sent.delete(linked);
    if (known?.generation !== frame.generation) {
      if (known !== undefined && known.generation > frame.generation) news.owed.set(region, known);
      const overGeneration = Math.max(known?.overGeneration ?? 0, known?.generation ?? 0);
      this.#known.set(region, { generation: frame.generation, durable: link.acknowledged, overGeneration });
      this.#parts.onRestarted(region);
    }
    for (const holding of frame.holdings) this.#hear(news, holding);
    this.#parts.onNews();
  }

  end(link: PeerLink): void {
    this.#news.delete(link);
  }

  /** Tells every peer what it lacks. */
  spread(): void {
    for (const [link, news] of this.#news) this.#send(link, news);
  }

  #hear(from: LinkNews, { region, generation, durable: entries }: RegionHolding): void {
    const durable = VersionVector.of(entries);
    if (region === this.#parts.region) {
      this.#refute(generation, durable);
      return;
    }
    const known = this.#known.get(region) ?? nothing;
    const link = this.#parts.links.get(region);
    if (link !== undefined) {
      // The region itself is here to hear that somebody believes a later process of it.
      if (generation > known.generation) this.#news.get(link)?.owed.set(region, { ...nothing, generation, durable });
    } else if (generation < known.generation) {
      from.owed.set(region, known);
    } else if (generation > known.generation && generation <= known.overGeneration) {
      // Its sender has not heard the process that came after. A region that took a greater one of an earlier process still takes one.
      if (generation < known.overGeneration) from.owed.set(region, { ...known, generation: known.overGeneration });
    } else if (known !== nothing || this.#known.size < Holdings.regionsMax) {
      const isSameProcess = generation === known.generation;
      this.#known.set(region, { ...known, generation, durable: isSameProcess ? known.durable.merge(durable) : durable });
      if (!isSameProcess) this.#parts.onRestarted(region);
    }
  }

  /** Invariant 3. */
  #refute(generation: number, durable: VersionVector): void {
    const isOfAnother =
      generation > this.#generation || (generation === this.#generation && !this.#parts.log.durableVector.covers(durable));
    if (isOfAnother) this.#generation = Math.min(generation + 1, Number.MAX_SAFE_INTEGER);
  }

  #send(link: PeerLink, news: LinkNews): void {
    const linked = [...this.#parts.links.keys()].filter((region) => region !== link.peerRegion).slice(0, linkedRegionsMax);
    const told = [this.#generation, ...linked.toSorted()].join();
    const holdings = this.#lacking(link, news);
    if (told === news.told && holdings.length === 0) return;
    news.told = told;
    link.send({ type: 'holdings', generation: this.#generation, linked, holdings });
  }

  /** Nothing before the peer has said whom it is linked with. */
  #lacking(link: PeerLink, news: LinkNews): RegionHolding[] {
    if (news.generation === undefined) return [];
    const holdings: RegionHolding[] = [];
    const candidates = new Map<RegionId, Holding>(news.owed);
    for (const [region, holding] of this.#known) {
      const isWanted = region !== link.peerRegion && !news.linked.has(region);
      if (isWanted && news.sent.get(region) !== holding) candidates.set(region, holding);
    }
    for (const [region, holding] of candidates) {
      if (holdings.length === holdingsMax) break;
      news.owed.delete(region);
      news.sent.set(region, holding);
      holdings.push({ region, generation: holding.generation, durable: holding.durable.entries() });
    }
    return holdings;
  }
}
