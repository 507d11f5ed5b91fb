// Rights to bounded counters on their way between regions, as in Balegas et al. 2015: between a change that the rights held
// here do not cover and the regions that hold more.
//
//   short of rights --> ask the richest who can be heard --> they transfer: an op of theirs --> it arrives --> try again
//                                   '--again each askAgainMs, until the time of the change is up--> insufficient_rights
//   many changes, few rights left --> ask ahead (rebalancing), of who has more than it needs itself
//
// Only asking happens here and gets lost with a process; what was given is in the log of who gave it. So a transfer is
// durable before anybody can use it, and an ask that is repeated is answered once (Invariant 1).
//
// Invariant 1: an ask is answered once by each region that it names, however often it is heard; until something has come, what
//              is lacking is asked for by the same ask.
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
  /** Whether a region is known to write under another origin by now. */
  readonly isSuperseded: (origin: OriginId) => boolean;
  readonly give: (loaded: LoadedDocument, act: EscrowAct) => void;
  readonly flood: (frame: RightsFrame) => void;
  /** From which the counter of messages starts: it rises from one process to the next. */
  readonly counterStart: number;
}

/** Enough may be held now; the time is up; nobody who can be heard has enough. */
export type Obtained = 'held' | 'late' | 'hopeless';

interface Waiter {
  readonly needed: number;
  readonly settle: (obtained: Obtained) => void;
}

/** What one change was refused for: it needs so many rights in all. */
export interface Shortage {
  readonly place: RightsPlace;
  readonly needed: number;
}

/** Changes that wait for the same rights. */
interface Queue {
  readonly place: RightsPlace;
  readonly waiters: Set<Waiter>;
  /** Undefined until it is sent: of several queues no two must take the same message for their first. */
  ask: number | undefined;
  /** What could be used when it was looked last: more of it is an answer. */
  usable: number;
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
  /** Counters that are looked at each time. The others have their turn the next times. */
  static readonly rebalancedMax = 100;

  readonly #parts: EscrowParts;
  readonly #demand: Demand;
  readonly #queues = new Map<string, Queue>();
  readonly #answered = new Set<string>();
  #counter: number;
  #waiting = 0;
  /** The counter with which the next look begins. */
  #rebalanced = 0;
  #rebalancing: Timer | undefined;
  #isStopped = false;

  constructor(parts: EscrowParts) {
    this.#parts = parts;
    this.#counter = parts.counterStart;
    this.#demand = new Demand(parts.clock);
  }

  /** Whether any change waits for rights. */
  get isWaitedFor(): boolean {
    return this.#queues.size > 0;
  }

  /** What would have helped a change that lacked so many rights, given what can be used in this step. */
  shortageOf(place: RightsPlace, lacking: number): Shortage {
    const view = this.#view(place);
    return { place, needed: (view === undefined ? 0 : this.#usable(view, place.kind)) + lacking };
  }

  /** Waits until the rights held here may cover what is needed. */
  obtain({ place, needed }: Shortage, deadlineMs: number): Promise<Obtained> {
    const { clock } = this.#parts;
    const leftMs = deadlineMs - clock.monotonicMs();
    const view = this.#view(place);
    if (view === undefined || leftMs <= 0) return Promise.resolve('hopeless');
    // What has come meanwhile; in another turn, so that trying again and again cannot hold up everybody else.
    const isHeld = this.#isStopped || this.#usable(view, place.kind) >= needed;
    if (isHeld) return new Promise((resolve) => void clock.setTimer(1, () => resolve('held')));
    if (this.#waiting >= Escrow.waitersMax || this.#reach(view, place.kind) < needed) return Promise.resolve('hopeless');
    const queue = this.#queue(place, this.#usable(view, place.kind));
    return new Promise((resolve) => {
      const deadline = clock.setTimer(leftMs, () => waiter.settle('late'));
      const waiter: Waiter = {
        needed,
        settle: (obtained) => {
          deadline.cancel();
          if (!queue.waiters.delete(waiter)) return;
          this.#waiting -= 1;
          if (queue.waiters.size === 0) this.#close(queue);
          resolve(obtained);
        },
      };
      queue.waiters.add(waiter);
      this.#waiting += 1;
      if (queue.timer === undefined) this.#askNow(queue);
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
    for (const queue of [...this.#queues.values()]) if (changed.has(queue.place.document)) this.#look(queue);
  }

  /** A region asks for rights. */
  receive(frame: RightsFrame): void {
    const want = frame.wants.find(({ region }) => region === this.#parts.region);
    const name = `${frame.origin} ${frame.ask}`;
    if (want === undefined || this.#isStopped || !this.#parts.isWritable() || this.#answered.has(name)) return;
    // What an epoch that has ended is given, its region could not use before it has inherited it.
    if (this.#parts.isSuperseded(frame.origin)) return;
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

  /** A region runs in another process, which may count its asks as the one before did. */
  restarted(region: RegionId): void {
    for (const name of this.#answered) if (name.startsWith(`${region}.`)) this.#answered.delete(name);
  }

  stop(): void {
    this.#isStopped = true;
    this.#rebalancing?.cancel();
    // They try again, and are told that the region is stopping.
    for (const queue of [...this.#queues.values()]) for (const waiter of [...queue.waiters]) waiter.settle('held');
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
    const entries = this.#demand.entries();
    const from = this.#rebalanced < entries.length ? this.#rebalanced : 0;
    this.#rebalanced = from + Escrow.rebalancedMax;
    for (const { key, place, amount } of entries.slice(from, this.#rebalanced)) {
      // A document that nobody keeps loaded needs nothing ahead.
      const view = this.#queues.has(key) ? undefined : this.#parts.documents.find(place.document)?.crdt.rights(place.path);
      if (view === undefined) continue;
      const held = this.#usable(view, place.kind);
      const [richest] = this.#reachableHolders(view, place.kind);
      const lacking = Math.ceil(amount - held);
      if (lacking < 1 || richest === undefined || richest.rights <= held) continue;
      const want = { region: richest.region, amount: Math.min(lacking, richest.rights) };
      this.#send(place, { ask: this.#counter + 1, isUrgent: false, wants: [want] });
    }
    if (!this.#demand.isEmpty) this.#rebalancing = this.#parts.clock.setTimer(Escrow.rebalanceMs, () => this.#rebalance());
  }

  #queue(place: RightsPlace, usable: number): Queue {
    const key = keyOf(place);
    const known = this.#queues.get(key);
    if (known !== undefined) return known;
    const queue: Queue = { place, waiters: new Set(), ask: undefined, usable, timer: undefined };
    this.#queues.set(key, queue);
    return queue;
  }

  #close(queue: Queue): void {
    queue.timer?.cancel();
    this.#queues.delete(keyOf(queue.place));
  }

  /** Asks for what is lacking, and again after a while, for as long as anybody waits. */
  #askNow(queue: Queue): void {
    const view = this.#view(queue.place);
    const wants = view === undefined ? [] : this.#wantsOf(queue, view);
    if (wants.length > 0) {
      queue.ask ??= this.#counter + 1;
      this.#send(queue.place, { ask: queue.ask, isUrgent: true, wants });
    }
    queue.timer = this.#parts.clock.setTimer(Escrow.askAgainMs, () => this.#askNow(queue));
  }

  /** The richest first: of each what is lacking, or a fair share if that is more. */
  #wantsOf(queue: Queue, view: RightsView): RightsFrame['wants'] {
    const { kind } = queue.place;
    const holders = this.#reachableHolders(view, kind);
    let lacking = this.#waitedFor(queue.place) - this.#usable(view, kind);
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

  #look(queue: Queue): void {
    const view = this.#view(queue.place);
    if (view === undefined) return;
    let usable = this.#usable(view, queue.place.kind);
    // What has come answered the ask: what is lacking still is another one.
    if (usable > queue.usable) queue.ask = undefined;
    queue.usable = usable;
    for (const waiter of [...queue.waiters]) {
      if (waiter.needed > usable) continue;
      usable -= waiter.needed;
      waiter.settle('held');
    }
  }

  /** What changes wait for here, all together. */
  #waitedFor(place: RightsPlace): number {
    let sum = 0;
    for (const { needed } of this.#queues.get(keyOf(place))?.waiters ?? []) sum += needed;
    return Math.min(sum, Number.MAX_SAFE_INTEGER);
  }

  /** What is held here and by all who can be heard. */
  #reach(view: RightsView, kind: RightsKind): number {
    return this.#reachableHolders(view, kind).reduce((sum, { rights }) => sum + rights, this.#usable(view, kind));
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
