// Submissions of this tab: each waits for a region, and for the writes that go before it; then the region is asked (submit.ts).
//
// Invariant 1: writes of this tab that were made before go first. Those to documents that the submission names do so always;
//              others too, unless a region has said that it does not serve one of their documents: nobody can say when they
//              will go, and no region can see that the submission comes after them.
// Invariant 2: nothing is asked of a region after the client was closed, not again either, nor of another region once it was switched off
//              or told where to be: that is looked at before each is asked.
// Invariant 3: a region whose copy of a document is damaged has done nothing, nor will it: then another is asked, which does it
//              when it has what was seen. The nearest is, of those in reach.

import { AnabranchError, isAnabranchError } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import { isDamageOfRegion } from '@anabranch/protocol';
import type { ClientStatus } from './client-status.ts';
import { nearest, type RegionAddress } from './courier/region-choice.ts';
import { isUnderWay, type LocalWrites } from './local-writes.ts';
import type { Platform } from './ports.ts';
import { parseOpId, type SubmitOptions, type Submitted, type SubmittedWrite, submitTo } from './submit.ts';
import { becomesSo } from './waiting.ts';
import type { Write } from './write.ts';
import { checkWrites } from './write-shape.ts';

export interface SubmissionsParts {
  readonly platform: Platform;
  readonly regions: readonly RegionAddress[];
  readonly writes: LocalWrites;
  readonly status: () => ClientStatus;
  /** What this tab has been shown. */
  readonly seen: () => VersionVector;
  readonly isClosed: () => boolean;
  readonly documents: {
    isOpen(name: string): boolean;
    /** A region has said that it does not serve the document. */
    isUnserved(name: string): boolean;
  };
  /** Called whenever any of these may have changed. */
  readonly listeners: Set<() => void>;
  /** A key that no submission had before. */
  readonly drawKey: () => string;
}

/** Another region is asked when there is as much time: with less the outcome would be unknown, where it is known now. */
const otherMsMin = 200;
/** How long a submission waits for its effect to be shown in the open documents. */
const showMsMax = 5_000;

interface Asking {
  /** By the monotonic clock. */
  readonly deadlineMs: number;
  /** Of an attempt before. */
  readonly retryKey: string | undefined;
}

export class Submissions {
  readonly #parts: SubmissionsParts;

  constructor(parts: SubmissionsParts) {
    this.#parts = parts;
  }

  async submit(writes: readonly SubmittedWrite[], options: SubmitOptions): Promise<Submitted> {
    checkWrites(writes);
    const { platform, writes: own, documents, seen, drawKey } = this.#parts;
    const { clock, sendHttp } = platform;
    const timeoutMs = options.timeoutMs ?? 10_000;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const named = new Set(writes.map(({ document }) => document));
    const before = own.underWay();
    const region = await this.#regionFor(options.retryKey, timeoutMs);
    const isDelivered = await this.#becomesSo(() => before.every((write) => this.#lets(write, named)), deadlineMs - clock.monotonicMs());
    if (this.#parts.isClosed()) throw unasked(options.retryKey, closedError());
    if (!isDelivered) throw unreached(options.retryKey, 'writes that were made before have not reached a region yet');
    const submitted = await this.#firstSound(region, { deadlineMs, retryKey: options.retryKey }, (at) => {
      const retryKey = options.retryKey ?? `${at.name}|${drawKey()}`;
      options.onRetryKey?.(retryKey);
      const leftMs = Math.max(1, deadlineMs - clock.monotonicMs());
      const parts = {
        clock,
        sendHttp,
        url: at.url,
        seen: seen().merge(own.covered),
        retryKey,
        pause: (timeMs: number) => this.#pause(timeMs),
      };
      return submitTo(parts, writes, { ...options, timeoutMs: leftMs });
    });
    const op = parseOpId(submitted.opId);
    const isShown = writes.some(({ document }) => documents.isOpen(document));
    if (op !== undefined && isShown) await this.#becomesSo(() => seen().covers(VersionVector.of([op])), showMsMax);
    return submitted;
  }

  /** Asks one region after the other, until one says something else than that its copy of a document is damaged. */
  async #firstSound(region: RegionAddress, { deadlineMs, retryKey }: Asking, ask: (region: RegionAddress) => Promise<Submitted>) {
    const asked: RegionAddress[] = [];
    for (let at = region; ; ) {
      try {
        return await ask(at);
      } catch (error) {
        if (!isAnabranchError(error) || !isDamageOfRegion(error.code)) throw error;
        asked.push(at);
        const isTime = deadlineMs - this.#parts.platform.clock.monotonicMs() >= otherMsMin;
        // Nobody may hold the key of an attempt before.
        const next = isTime && retryKey === undefined ? this.#nearestBut(asked) : undefined;
        if (next === undefined) throw error;
        at = next;
      }
    }
  }

  /** The nearest of the other regions that are not known to be out of reach, if the client may choose now (Invariant 2). */
  #nearestBut(asked: readonly RegionAddress[]): RegionAddress | undefined {
    const { isClosed, status, regions } = this.#parts;
    const { wantedRegion, isOffline, regions: known } = status();
    if (isClosed() || isOffline || wantedRegion !== nearest) return undefined;
    const others = known.filter(({ name, isReachable }) => isReachable !== false && !asked.some((region) => region.name === name));
    // Those whose distance is not known come last.
    others.sort((a, b) => (a.roundTripMs ?? Number.MAX_VALUE) - (b.roundTripMs ?? Number.MAX_VALUE));
    return regions.find(({ name }) => name === others[0]?.name);
  }

  /** Whether a submission need not wait for a write that was made before it (Invariant 1). */
  #lets(write: Write, named: ReadonlySet<string>): boolean {
    if (!isUnderWay(write)) return true;
    const touched = write.described.map(({ document }) => document);
    return !touched.some((document) => named.has(document)) && touched.some((document) => this.#parts.documents.isUnserved(document));
  }

  async #regionFor(retryKey: string | undefined, timeoutMs: number): Promise<RegionAddress> {
    const { status, regions } = this.#parts;
    const mayComeOnline = status().connection === 'connecting' && !status().isOffline;
    if (mayComeOnline) await this.#becomesSo(() => status().connection === 'online', timeoutMs);
    const name = retryKey?.slice(0, retryKey.indexOf('|')) ?? status().region;
    const region = regions.find((candidate) => candidate.name === name);
    if (!status().isOffline && region !== undefined) return region;
    throw unreached(retryKey, 'the device is not connected to a region');
  }

  async #pause(timeMs: number): Promise<AnabranchError | undefined> {
    return (await this.#becomesSo(() => false, timeMs)) ? closedError() : undefined;
  }

  /** Ends early when the client is closed. */
  #becomesSo(isSo: () => boolean, timeMs: number): Promise<boolean> {
    const { listeners, isClosed, platform } = this.#parts;
    return becomesSo(() => isClosed() || isSo(), { clock: platform.clock, listeners, timeMs });
  }
}

function closedError(): AnabranchError {
  return new AnabranchError('client_closed', 'the client was closed');
}

function unreached(retryKey: string | undefined, why: string): AnabranchError {
  return unasked(retryKey, new AnabranchError('region_unreachable', why));
}

/** Nothing was asked of a region now; what was asked before under the key may be done. */
function unasked(retryKey: string | undefined, cause: AnabranchError): AnabranchError {
  if (retryKey === undefined) return cause;
  return new AnabranchError('outcome_unknown', cause.message, { retryKey, cause: cause.code });
}
