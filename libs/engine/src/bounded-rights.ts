// Everything a replica does about rights to bounded counters besides writing them down: which of its own earlier epochs it may
// inherit from, asking and giving, and what operators see and may force.
//
//   refused for want of rights --> may they come in time? --> wait --> try again | insufficient_rights, with who holds the rest

import { AnabranchError, type Clock, type Logger, type Metrics } from '@anabranch/base';
import { isOriginId, type OriginId, type RegionId, regionOf } from '@anabranch/causality';
import type { CollectionSchema, DocumentOp, FieldSchema } from '@anabranch/crdt';
import { collectionOf, type OriginReport, type RightsFrame } from '@anabranch/protocol';
import type { DocumentCache, LoadedDocument } from './document-cache.ts';
import { Escrow, type Obtained, type Shortage } from './escrow.ts';
import type { LocalWrites } from './local-writes.ts';
import type { Mesh } from './mesh.ts';
import type { AppendedOp, OpLog } from './op-log.ts';
import { OwnEpochs } from './own-epochs.ts';
import { RefusedBounds } from './refused-bounds.ts';
import type { DocumentRights, ReclaimRequest, TransactionRequest } from './replica-door.ts';
import type { LoggedOp } from './replica-store.ts';
import { lackOf } from './rights-lack.ts';
import { rightsOf } from './rights-report.ts';

export interface BoundedRightsParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly documents: DocumentCache;
  readonly log: OpLog;
  readonly region: RegionId;
  readonly collections: ReadonlyMap<string, CollectionSchema>;
  readonly origin: () => OriginId;
  readonly peers: () => Iterable<RegionId>;
  readonly isWritable: () => boolean;
  /** As in {@link OwnEpochsParts}. */
  readonly unsettledEpochs: readonly OriginId[] | undefined;
  readonly remember: (unsettledEpochs: readonly OriginId[] | undefined) => void;
  readonly mesh: () => Mesh;
  readonly writes: () => LocalWrites;
  /** From which the counter of messages to other regions starts. */
  readonly counterStart: number;
}

/** How long it is remembered who can be heard. */
const reachableMs = 50;

export class BoundedRights {
  readonly #refused = new RefusedBounds();
  readonly #parts: BoundedRightsParts;
  readonly #epochs: OwnEpochs;
  readonly #escrow: Escrow;
  /** Collections whose documents may hold bounded counters. */
  readonly #bounded: ReadonlySet<string>;
  readonly #reachable = new Map<string, boolean>();
  #reachableUntilMs = 0;

  constructor(parts: BoundedRightsParts) {
    this.#parts = parts;
    const bounded = [...parts.collections].filter(([, { schema }]) => schema !== 'freeform' && hasBoundedCounter(schema));
    this.#bounded = new Set(bounded.map(([name]) => name));
    this.#epochs = new OwnEpochs({ ...parts, knownOrigins: () => this.#knownOrigins() });
    this.#escrow = new Escrow({
      ...parts,
      isReachable: (region) => this.#isReachable(region),
      isSuperseded: (origin) => parts.mesh().isSuperseded(origin),
      mayTakeOver: (holder) => this.#epochs.mayTakeOver(holder),
      give: (loaded, act) => void parts.writes().moveRights(loaded, act),
      flood: (frame) => parts.mesh().flood(frame),
    });
  }

  /** A region asks for rights. */
  receive(frame: RightsFrame): void {
    this.#escrow.receive(frame);
  }

  /** A region runs in another process. */
  restarted(region: RegionId): void {
    this.#escrow.restarted(region);
  }

  /** Operations were applied and appended: what they took of bounded counters is demand. */
  applied(loaded: LoadedDocument, ops: readonly DocumentOp[]): void {
    if (this.#bounded.has(collectionOf(loaded.id))) this.#escrow.applied(loaded, ops);
  }

  mayTakeOver(holder: string): boolean {
    return this.#epochs.mayTakeOver(holder);
  }

  hear(region: RegionId, reports: readonly OriginReport[]): void {
    this.#epochs.hear(region, reports);
  }

  renewed(): void {
    this.#epochs.renewed();
  }

  advance(ops: readonly AppendedOp[]): void {
    if (!this.#escrow.isWaitedFor) return;
    this.#escrow.advance(ops.flatMap(({ documents }) => documents));
  }

  /** What a change was short of, told in the step in which it was refused. */
  shortageOf({ writes }: TransactionRequest, refusal: AnabranchError): Shortage | undefined {
    const lack = lackOf(refusal);
    const write = lack && writes[lack.writeIndex];
    if (lack === undefined || write === undefined) return undefined;
    return this.#escrow.shortageOf({ document: write.document, path: lack.path, kind: lack.kind }, lack.needed - lack.held);
  }

  /** Waits for what a change lacked. */
  whenObtained(shortage: Shortage, deadlineMs: number): Promise<Obtained> {
    return this.#escrow.obtain(shortage, deadlineMs);
  }

  /** The refusal, with who of the holders can be heard, and what keeps our own earlier rights frozen. */
  explain({ writes }: TransactionRequest, refusal: AnabranchError): AnabranchError {
    const lack = lackOf(refusal);
    const holders = lack?.holders ?? [];
    const document = lack && writes[lack.writeIndex]?.document;
    if (lack !== undefined && document !== undefined) {
      const { path, kind, needed, held, total } = lack;
      this.#refused.note({ timeMs: this.#parts.clock.wallMs(), document, path, kind, needed, held, total });
    }
    this.#parts.metrics.count('anabranch_bounds_refused_total');
    const seen = holders.map((holder) => ({ ...holder, isReachable: this.#isReachable(regionIn(holder.origin)) }));
    const unconfirmed = holders.some(({ origin }) => regionIn(origin) === this.#parts.region) ? this.#epochs.unconfirmed() : [];
    const details = { ...refusal.details, holders: seen, ...(unconfirmed.length > 0 && { unconfirmedBy: unconfirmed }) };
    return new AnabranchError(refusal.code, refusal.message, details);
  }

  report({ id, crdt }: LoadedDocument): Omit<DocumentRights, 'version'> {
    const own = this.#parts.origin();
    const counters = rightsOf(crdt, {
      isReachable: (region) => this.#isReachable(region),
      isUsable: (holder) => holder === own || this.mayTakeOver(holder) || this.#isNewest(holder),
    });
    return { counters, refused: this.#refused.of(id), refusedDroppedCount: this.#refused.droppedCount };
  }

  /**
   * Takes over all that a holder, or every holder of a region, has left of one counter: for a region that is gone for good.
   * @throws AnabranchError `region_reachable` when the region can be heard, `op_invalid` when nobody of the name holds any.
   */
  reclaim({ document, path, from }: ReclaimRequest): LoggedOp {
    const region = regionIn(from);
    if (region !== this.#parts.region && this.#isReachable(region)) {
      throw new AnabranchError('region_reachable', `${region} can be heard: it spends its rights, or gives them when asked`, { region });
    }
    const loaded = this.#parts.documents.open(document);
    const held = loaded.crdt.rights(path)?.holders ?? new Map();
    const holders = [...held.keys()].filter((holder) => holder === from || (isOriginId(holder) && regionOf(holder) === from));
    let last: LoggedOp | undefined;
    for (const holder of holders) {
      if (holder === this.#parts.origin()) continue;
      last = this.#parts.writes().moveRights(loaded, { op: 'takeOver', path, from: holder }) ?? last;
      this.#parts.logger.error('rights.reclaimed', { document, path, from: holder });
    }
    if (last !== undefined) return last;
    throw new AnabranchError('op_invalid', `${from} holds no rights to a bounded counter at this path`, { path });
  }

  stop(): void {
    this.#escrow.stop();
  }

  #knownOrigins(): Set<OriginId> {
    const { log, mesh } = this.#parts;
    return new Set([...mesh().foreignOrigins(), ...[...log.durableHeads()].map(([origin]) => origin)]);
  }

  /** Asked for many holders at a time: remembered for a moment. */
  #isReachable(region: string): boolean {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs >= this.#reachableUntilMs) this.#reachable.clear();
    if (this.#reachable.size === 0) this.#reachableUntilMs = nowMs + reachableMs;
    const known = this.#reachable.get(region);
    if (known !== undefined) return known;
    const isReachable = region === this.#parts.region || this.#parts.mesh().isHeard(region as RegionId);
    this.#reachable.set(region, isReachable);
    return isReachable;
  }

  /** Whether a region writes under this origin now, as far as we know. */
  #isNewest(holder: string): boolean {
    return isOriginId(holder) && this.#parts.mesh().newestOrigins().get(regionOf(holder)) === holder;
  }
}

function hasBoundedCounter(field: FieldSchema): boolean {
  if (field.type === 'map') return hasBoundedCounter(field.of);
  if (field.type === 'object') return Object.values(field.fields).some(hasBoundedCounter);
  return field.type === 'boundedCounter';
}

function regionIn(holder: string): string {
  return isOriginId(holder) ? regionOf(holder) : holder;
}
