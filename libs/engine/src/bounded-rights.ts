// Everything a replica does about rights to bounded counters besides writing them down: which of its own earlier epochs it may
// inherit from, asking and giving, and what operators see and may force.
//
//   refused for want of rights --> may they come in time? --> wait --> try again | insufficient_rights, with who holds the rest

import { AnabranchError, type Clock, type Logger, type Metrics } from '@anabranch/base';
import { isOriginId, type OriginId, type RegionId, regionOf } from '@anabranch/causality';
import type { DocumentId, OriginReport } from '@anabranch/protocol';
import type { DocumentCache, LoadedDocument } from './document-cache.ts';
import { Escrow } from './escrow.ts';
import type { LocalWrites } from './local-writes.ts';
import type { Mesh } from './mesh.ts';
import type { AppendedOp, OpLog } from './op-log.ts';
import { OwnEpochs } from './own-epochs.ts';
import type { TransactionRequest } from './replica-door.ts';
import type { LoggedOp } from './replica-store.ts';
import { lackOf } from './rights-lack.ts';
import { type CounterRights, rightsOf } from './rights-report.ts';

export interface BoundedRightsParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly documents: DocumentCache;
  readonly log: OpLog;
  readonly region: RegionId;
  readonly origin: () => OriginId;
  readonly peers: () => Iterable<RegionId>;
  readonly isWritable: () => boolean;
  readonly mesh: () => Mesh;
  readonly writes: () => LocalWrites;
  /** From which the counter of messages to other regions starts. */
  readonly counterStart: number;
}

export class BoundedRights {
  readonly #parts: BoundedRightsParts;
  readonly #epochs: OwnEpochs;
  readonly #escrow: Escrow;

  constructor(parts: BoundedRightsParts) {
    this.#parts = parts;
    this.#epochs = new OwnEpochs(parts);
    this.#escrow = new Escrow({
      ...parts,
      isReachable: (region) => parts.mesh().isHeard(region),
      mayTakeOver: (holder) => this.#epochs.mayTakeOver(holder),
      give: (loaded, act) => void parts.writes().moveRights(loaded, act),
      flood: (frame) => parts.mesh().flood(frame),
    });
  }

  get escrow(): Escrow {
    return this.#escrow;
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
    this.#escrow.advance(ops.flatMap(({ documents }) => documents));
  }

  /** Waits for what a change lacked. False when it will not come until the deadline. */
  mayRetry({ writes }: TransactionRequest, refusal: AnabranchError, deadlineMs: number): Promise<boolean> {
    const lack = lackOf(refusal);
    const write = lack && writes[lack.writeIndex];
    if (lack === undefined || write === undefined) return Promise.resolve(false);
    return this.#escrow.obtain({ document: write.document, path: lack.path, kind: lack.kind }, lack.needed, deadlineMs);
  }

  /** The refusal, with who of the holders can be heard, and what keeps our own earlier rights frozen. */
  explain(refusal: AnabranchError): AnabranchError {
    const holders = lackOf(refusal)?.holders ?? [];
    const seen = holders.map((holder) => ({ ...holder, isReachable: this.#isReachable(regionIn(holder.origin)) }));
    const unconfirmed = holders.some(({ origin }) => regionIn(origin) === this.#parts.region) ? this.#epochs.unconfirmed() : [];
    const details = { ...refusal.details, holders: seen, ...(unconfirmed.length > 0 && { unconfirmedBy: unconfirmed }) };
    return new AnabranchError(refusal.code, refusal.message, details);
  }

  report({ crdt }: LoadedDocument): CounterRights[] {
    const own = this.#parts.origin();
    return rightsOf(crdt, {
      isReachable: (region) => this.#isReachable(region),
      isUsable: (holder) => holder === own || this.mayTakeOver(holder) || this.#isNewest(holder),
    });
  }

  /**
   * Takes over all that a holder, or every holder of a region, has left of one counter: for a region that is gone for good.
   * @throws AnabranchError `op_invalid` when nobody of the name holds any.
   */
  reclaim(document: DocumentId, path: string, from: string): LoggedOp {
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

  #isReachable(region: string): boolean {
    return region === this.#parts.region || this.#parts.mesh().isHeard(region as RegionId);
  }

  /** Whether a region writes under this origin now, as far as we know. */
  #isNewest(holder: string): boolean {
    return isOriginId(holder) && this.#parts.mesh().newestOrigins().get(regionOf(holder)) === holder;
  }
}

function regionIn(holder: string): string {
  return isOriginId(holder) ? regionOf(holder) : holder;
}
