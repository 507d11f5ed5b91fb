// Rights to bounded counters on their way between regions, as in Balegas et al. 2015: between a change that the rights held
// here do not cover and the regions that hold more.
//
//   short of rights --> ask the richest who can be heard --> they transfer: an op of theirs --> it arrives --> try again
//                                   '--again each askAgainMs, until the time of the change is up--> insufficient_rights
//   many changes, few rights left --> ask ahead (rebalancing), of who has more than it needs itself
//
// Only asking happens here and gets lost with a process; what was given is in the log of who gave it. So a transfer is
// durable before anybody can use it, and asking twice gives no more than is asked for (Invariant 1).
//
// Invariant 1: an ask is answered once by each region that it names, however often it is heard.
// Invariant 2: rights are given only out of what the giver holds itself, in one step with appending the op.
// Invariant 3: whoever waits is answered at its deadline at the latest, and at once when no region that can be heard has enough.

import { type Clock, isAnabranchError, type Logger, type Metrics, type Timer } from '@anabranch/base';
import { isOriginId, type OriginId, parseRegionId, type RegionId, regionOf } from '@anabranch/causality';
import type { DocumentOp, EscrowAct, RightsKind, RightsView } from '@anabranch/crdt';
import { type DocumentId, type RightsFrame, rightsWantsMax } from '@anabranch/protocol';
import { Demand, keyOf, type RightsPlace } from './demand.ts';
import type { DocumentCache, LoadedDocument } from './document-cache.ts';

export interface EscrowParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly documents: DocumentCache;
  readonly region: RegionId;
  readonly origin: () => OriginId;
  /** Whether local ops may be appended right now. */
  readonly isWritable: () => boolean;
  /** Whether the region was heard lately, directly or through others. */
  readonly isReachable: (region: RegionId) => boolean;
  readonly mayTakeOver: (holder: string) => boolean;
  readonly give: (loaded: LoadedDocument, act: EscrowAct) => void;
  readonly flood: (frame: RightsFrame) => void;
  /** From which the counter of messages starts: it rises from one process to the next. */
  readonly counterStart: number;
}

interface Waiter {
  readonly needed: number;
  readonly settle: (mayHold: boolean) => void;
}

/** Changes that wait for the same rights. */
interface Shortage {
  readonly place: RightsPlace;
  readonly waiters: Set<Waiter>;
  ask: number;
  timer: Timer | undefined;
}

interface Holder {
  readonly region: RegionId;
  readonly rights: number;
}

export class Escrow {
  /** Changes that wait for rights at one time. Beyond: refused at once. */
  static readonly waitersMax = 10_000;
  /** How long a change waits for rights at most. */
  static readonly waitMsMax = 2_000;
  /** After which an ask that was not answered is sent again. */
  static readonly askAgainMs = 400;
  /** Asks that are remembered as answered. Beyond: the oldest is forgotten, and would be answered again. */
  static readonly answeredMax = 10_000;
  /** How often it is looked whether rights run short. */
  static readonly rebalanceMs = 1_000;

  readonly #parts: EscrowParts;
  readonly #demand: Demand;
  readonly #shortages = new Map<string, Shortage>();
  readonly #answered = new Set<string>();
  #counter: number;
  #waiting = 0;
  #rebalancing: Timer | undefined;
  #isStopped = false;

  constructor(parts: EscrowParts) {
    this.#parts = parts;
    this.#counter = parts.counterStart;
    this.#demand = new Demand(parts.clock);
  }

  /** Whether any change waits for rights. */
  get isWaitedFor(): boolean {
    return this.#shortages.size > 0;
  }

  /** Resolves true when the rights held here may cover `needed` now, false when they will not in time. */
  obtain(place: RightsPlace, needed: number, deadlineMs: number): Promise<boolean> {
    this.#note(place, needed);
    const leftMs = deadlineMs - this.#parts.clock.monotonicMs();
    const isHopeless = leftMs <= 0 || this.#isStopped || this.#waiting >= Escrow.waitersMax || this.#reach(place) < needed;
    if (isHopeless) return Promise.resolve(false);
    const shortage = this.#shortage(place);
    return new Promise((resolve) => {
      const deadline = this.#parts.clock.setTimer(leftMs, () => waiter.settle(false));
      const waiter: Waiter = {
        needed,
        settle: (mayHold) => {
          deadline.cancel();
          if (!shortage.waiters.delete(waiter)) return;
          this.#waiting -= 1;
          if (shortage.waiters.size === 0) this.#close(shortage);
          resolve(mayHold);
        },
      };
      shortage.waiters.add(waiter);
      this.#waiting += 1;
      this.#askFor(shortage);
    });
  }

  /** Operations were applied to a document here: what they took of bounded counters is demand. */
  applied({ id, crdt }: LoadedDocument, ops: readonly DocumentOp[]): void {
    for (const op of ops) {
      if (op.op !== 'increment' && op.op !== 'decrement') continue;
      const by = op.op === 'decrement' ? -op.by : op.by;
      const bounds = by === 0 ? undefined : crdt.rights(op.path);
      const kind = by < 0 ? 'down' : 'up';
      const isBounded = kind === 'down' ? bounds?.min !== undefined : bounds?.max !== undefined;
      if (isBounded) this.#note({ document: id, path: op.path, kind }, Math.abs(by));
    }
  }

  /** What became durable may have brought rights. */
  advance(documents: Iterable<DocumentId>): void {
    const changed = new Set(documents);
    for (const shortage of [...this.#shortages.values()]) if (changed.has(shortage.place.document)) this.#look(shortage);
  }

  /** A region asks for rights. */
  receive(frame: RightsFrame): void {
    const want = frame.wants.find(({ region }) => region === this.#parts.region);
    const name = `${frame.origin} ${frame.ask}`;
    if (want === undefined || this.#isStopped || !this.#parts.isWritable() || this.#answered.has(name)) return;
    try {
      if (!this.#give(frame, want.amount)) return;
    } catch (error) {
      if (!isAnabranchError(error)) throw error;
      this.#parts.logger.debug('rights.not_given', { to: frame.origin, document: frame.document, code: error.code });
      return;
    }
    this.#answered.add(name);
    const [oldest] = this.#answered;
    if (this.#answered.size > Escrow.answeredMax && oldest !== undefined) this.#answered.delete(oldest);
  }

  stop(): void {
    this.#isStopped = true;
    this.#rebalancing?.cancel();
    for (const shortage of [...this.#shortages.values()]) for (const waiter of [...shortage.waiters]) waiter.settle(false);
  }

  #give({ origin, document, path, kind, isUrgent }: RightsFrame, asked: number): boolean {
    const { documents, logger, metrics, give } = this.#parts;
    const loaded = documents.open(document);
    const view = loaded.crdt.rights(path);
    if (view === undefined) return false;
    const place = { document, path, kind };
    // Of two who both wait, the one first by name goes on: together they may have enough for one.
    const isKept = !isUrgent || this.#parts.region < regionOf(origin);
    const free = this.#usable(view, kind) - (isKept ? this.#waitedFor(place) : 0);
    // What is asked for ahead is shared with what is needed here.
    const amount = Math.min(asked, isUrgent ? free : Math.floor((free - this.#demand.of(keyOf(place))) / 2));
    if (amount < 1) return false;
    give(loaded, { op: 'transfer', path, to: origin, [kind]: amount });
    metrics.count('anabranch_rights_given_total', { to: regionOf(origin), isUrgent: String(isUrgent) });
    logger.info('rights.given', { to: origin, document, path, kind, amount, isUrgent });
    return true;
  }

  #note(place: RightsPlace, amount: number): void {
    this.#demand.add(place, amount);
    if (this.#isStopped) return;
    this.#rebalancing ??= this.#parts.clock.setTimer(Escrow.rebalanceMs, () => this.#rebalance());
  }

  /** Asks ahead where rights run short of what was needed lately, and one region that can be heard has more. */
  #rebalance(): void {
    this.#rebalancing = undefined;
    if (this.#isStopped) return;
    for (const { key, place, amount } of this.#demand.entries()) {
      const view = this.#shortages.has(key) ? undefined : this.#view(place);
      if (view === undefined) continue;
      const held = this.#usable(view, place.kind);
      const [richest] = this.#reachableHolders(view, place.kind);
      const lacking = Math.ceil(amount - held);
      if (lacking < 1 || richest === undefined || richest.rights <= held) continue;
      this.#send(place, { ask: this.#counter + 1, isUrgent: false, wants: [{ region: richest.region, amount: lacking }] });
    }
    if (!this.#demand.isEmpty) this.#rebalancing = this.#parts.clock.setTimer(Escrow.rebalanceMs, () => this.#rebalance());
  }

  #shortage(place: RightsPlace): Shortage {
    const key = keyOf(place);
    const known = this.#shortages.get(key);
    if (known !== undefined) return known;
    const shortage: Shortage = { place, waiters: new Set(), ask: 0, timer: undefined };
    this.#shortages.set(key, shortage);
    return shortage;
  }

  #close(shortage: Shortage): void {
    shortage.timer?.cancel();
    this.#shortages.delete(keyOf(shortage.place));
  }

  /** Sends an ask, unless one is on its way. */
  #askFor(shortage: Shortage): void {
    if (shortage.timer !== undefined) return;
    shortage.ask = this.#counter + 1;
    this.#askNow(shortage);
  }

  #askNow(shortage: Shortage): void {
    const view = this.#view(shortage.place);
    const wants = view === undefined ? [] : this.#wantsOf(shortage, view);
    if (wants.length > 0) this.#send(shortage.place, { ask: shortage.ask, isUrgent: true, wants });
    shortage.timer = this.#parts.clock.setTimer(Escrow.askAgainMs, () => {
      // What was given may have been lost on the way to nobody: it arrives in the end. What was not given is asked for anew.
      shortage.ask = this.#counter + 1;
      this.#askNow(shortage);
    });
  }

  /** The richest first: of each what is lacking, or a fair share if that is more. */
  #wantsOf(shortage: Shortage, view: RightsView): RightsFrame['wants'] {
    const { kind } = shortage.place;
    const holders = this.#reachableHolders(view, kind);
    let lacking = this.#waitedFor(shortage.place) - this.#usable(view, kind);
    const wants: Array<{ region: RegionId; amount: number }> = [];
    for (const { region, rights } of holders) {
      if (lacking <= 0 || wants.length === rightsWantsMax) break;
      const amount = Math.min(rights, Math.max(lacking, Math.floor(rights / (holders.length + 1))));
      wants.push({ region, amount });
      lacking -= amount;
    }
    return wants;
  }

  #send({ document, path, kind }: RightsPlace, what: Pick<RightsFrame, 'ask' | 'isUrgent' | 'wants'>): void {
    this.#counter += 1;
    this.#parts.metrics.count('anabranch_rights_asked_total', { isUrgent: String(what.isUrgent) });
    this.#parts.flood({ type: 'rights', origin: this.#parts.origin(), counter: this.#counter, document, path, kind, ...what });
  }

  #look(shortage: Shortage): void {
    const view = this.#view(shortage.place);
    if (view === undefined) return;
    const held = this.#usable(view, shortage.place.kind);
    for (const waiter of [...shortage.waiters]) if (waiter.needed <= held) waiter.settle(true);
  }

  /** What changes wait for here, all together. */
  #waitedFor(place: RightsPlace): number {
    let sum = 0;
    for (const { needed } of this.#shortages.get(keyOf(place))?.waiters ?? []) sum += needed;
    return Math.min(sum, Number.MAX_SAFE_INTEGER);
  }

  /** What is held here and by all who can be heard. */
  #reach(place: RightsPlace): number {
    const view = this.#view(place);
    if (view === undefined) return 0;
    return this.#reachableHolders(view, place.kind).reduce((sum, { rights }) => sum + rights, this.#usable(view, place.kind));
  }

  /** What this origin holds, or may take over. */
  #usable(view: RightsView, kind: RightsKind): number {
    const own = this.#parts.origin();
    let sum = 0;
    for (const [holder, rights] of view.holders) {
      if (rights[kind] > 0 && (holder === own || this.#parts.mayTakeOver(holder))) sum += rights[kind];
    }
    return sum;
  }

  /** Other regions with rights, richest first, as far as they can be heard. */
  #reachableHolders(view: RightsView, kind: RightsKind): Holder[] {
    const byRegion = new Map<RegionId, number>();
    for (const [holder, rights] of view.holders) {
      const region = holderRegion(holder);
      if (region === this.#parts.region || rights[kind] <= 0) continue;
      byRegion.set(region, (byRegion.get(region) ?? 0) + rights[kind]);
    }
    return [...byRegion]
      .map(([region, rights]) => ({ region, rights }))
      .filter(({ region }) => this.#parts.isReachable(region))
      .sort((a, b) => b.rights - a.rights || (a.region < b.region ? -1 : 1));
  }

  #view({ document, path }: RightsPlace): RightsView | undefined {
    try {
      return this.#parts.documents.open(document).crdt.rights(path);
    } catch (error) {
      if (isAnabranchError(error)) return undefined;
      throw error;
    }
  }
}

/** A holder is an origin, or a region with its initial share. */
function holderRegion(holder: string): RegionId {
  return isOriginId(holder) ? regionOf(holder) : parseRegionId(holder);
}
