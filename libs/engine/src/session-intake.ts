// Takes the updates of sessions, which are anybody's: between the sessions and the log.
//
//   size --> inspection --passed--> apply, append --> durable
//                |
//                +--would take too long here--> examined elsewhere --> parts, each: accept, apply, append --> durable
//
// Invariant 1: an update, or a part of one, is accepted, applied and appended in one synchronous step.
// Invariant 2: what cannot be merged after all is a defect; nothing of it stays, in memory or in the log.
// Invariant 3: entries of bounded counters are written by regions only, under the rights they hold: an update of a client
//              that writes any, to whatever effect, is refused whole.
// Invariant 4: updates of several documents are one op, and all of them are applied, or none is.
// Invariant 5: what was loaded under an earlier epoch takes nothing any more.

import { AnabranchError, concatBytes, type Logger } from '@anabranch/base';
import {
  acceptPart,
  type InflateRaw,
  type InspectionCase,
  type InspectionFinding,
  inspectUpdate,
  type LogAuthors,
  type SoundPart,
} from '@anabranch/crdt';
import { type DocumentUpdate, updateBytesMax } from '@anabranch/protocol';
import type { DocumentCache, LoadedDocument } from './document-cache.ts';
import type { AppliedUpdate } from './local-writes.ts';
import type { OpLog } from './op-log.ts';
import { notReady } from './refusals.ts';
import type { OpId } from './replica-door.ts';
import type { LoggedOp } from './replica-store.ts';

export interface SessionIntakeParts {
  readonly documents: DocumentCache;
  readonly log: OpLog;
  readonly authors: LogAuthors;
  readonly logger: Logger;
  readonly inflateRaw: InflateRaw;
  readonly examine: (inspectionCase: InspectionCase) => Promise<InspectionFinding>;
  /** Takes back what was applied to documents and not appended. */
  readonly undo: (loaded: readonly LoadedDocument[]) => void;
  /** Resolves when local ops may be appended, undefined when they may right now. @throws AnabranchError `not_ready`, `store_failed`. */
  readonly whenAccepting: () => Promise<void> | undefined;
}

/** Appends an update that was applied to the document to the log. */
export type AppendUpdate = (update: Uint8Array) => LoggedOp;

export class SessionIntake {
  readonly #parts: SessionIntakeParts;

  constructor(parts: SessionIntakeParts) {
    this.#parts = parts;
  }

  /** Resolves when the update is durable; with the last op it was logged as, undefined when it brought nothing new. */
  async ingest(loaded: LoadedDocument, update: Uint8Array, append: AppendUpdate): Promise<OpId | undefined> {
    const { examine, inflateRaw, authors } = this.#parts;
    const { whenAccepting } = this.#parts;
    for (let whenOpen = whenAccepting(); whenOpen !== undefined; whenOpen = whenAccepting()) await whenOpen;
    this.#assertCurrent(loaded);
    if (update.length > updateBytesMax) {
      throw new AnabranchError('request_too_large', `an update takes at most ${updateBytesMax} bytes`);
    }
    const inspected = inspectUpdate(loaded.crdt, update, inflateRaw, authors);
    if ('update' in inspected) return this.#take(loaded, inspected.update, append);
    let last: OpId | undefined;
    for (const part of partsOf(await examine(inspected.undecided))) {
      for (let whenOpen = whenAccepting(); whenOpen !== undefined; whenOpen = whenAccepting()) await whenOpen;
      this.#assertCurrent(loaded);
      acceptPart(loaded.crdt, part, authors);
      last = (await this.#take(loaded, part.update, append)) ?? last;
    }
    return last;
  }

  /** The same for updates of several documents, which are logged as one op. */
  async ingestAll(writes: readonly DocumentUpdate[], append: (applied: readonly AppliedUpdate[]) => LoggedOp): Promise<OpId | undefined> {
    const { documents, whenAccepting } = this.#parts;
    for (let whenOpen = whenAccepting(); whenOpen !== undefined; whenOpen = whenAccepting()) await whenOpen;
    const opened = documents.openAll(writes.map(({ document }) => document));
    for (const loaded of opened) loaded.pins += 1;
    try {
      const steps = opened.map((loaded, at) => ({ loaded, update: writes[at]?.update ?? new Uint8Array() }));
      const [only] = steps;
      if (only !== undefined && steps.length === 1) {
        return await this.ingest(only.loaded, only.update, (update) => append([{ loaded: only.loaded, update }]));
      }
      return await this.#ingestTogether(steps, append);
    } finally {
      for (const loaded of opened) loaded.pins -= 1;
    }
  }

  async #ingestTogether(
    steps: readonly { readonly loaded: LoadedDocument; readonly update: Uint8Array }[],
    append: (applied: readonly AppliedUpdate[]) => LoggedOp,
  ): Promise<OpId | undefined> {
    const { authors, inflateRaw, examine, log, undo, whenAccepting } = this.#parts;
    const examined = new Map<LoadedDocument, readonly SoundPart[]>();
    let sound = new Map<LoadedDocument, Uint8Array>();
    for (let mustLook = true; mustLook; ) {
      for (let whenOpen = whenAccepting(); whenOpen !== undefined; whenOpen = whenAccepting()) await whenOpen;
      mustLook = false;
      sound = new Map();
      for (const { loaded, update } of steps) {
        this.#assertCurrent(loaded);
        if (examined.has(loaded)) continue;
        const inspected = inspectUpdate(loaded.crdt, update, inflateRaw, authors);
        if ('update' in inspected) {
          sound.set(loaded, inspected.update);
          continue;
        }
        // What was found sound before may be so no more when this is known.
        examined.set(loaded, partsOf(await examine(inspected.undecided)));
        mustLook = true;
        break;
      }
    }
    // From here on in one synchronous step, with the last look (Invariant 1).
    const touched: LoadedDocument[] = [];
    const applied: AppliedUpdate[] = [];
    try {
      for (const { loaded } of steps) {
        touched.push(loaded);
        const news = this.#applyWhole(loaded, sound.get(loaded), examined.get(loaded) ?? []);
        if (news !== undefined) applied.push({ loaded, update: news });
      }
    } catch (error) {
      undo(touched);
      throw error;
    }
    if (applied.length === 0) {
      await log.whenDurable(Math.max(...steps.map(({ loaded }) => loaded.localPosition)));
      return undefined;
    }
    const { origin, seq, position } = append(applied);
    await log.whenDurable(position);
    return { origin, seq };
  }

  /** Applies a sound update, or the parts that were found in one; what was news of it. The caller undoes it when this throws. */
  #applyWhole(loaded: LoadedDocument, update: Uint8Array | undefined, parts: readonly SoundPart[]): Uint8Array | undefined {
    const { boundedWrites } = loaded.crdt;
    const news: Uint8Array[] = [];
    if (update !== undefined && loaded.crdt.apply([update])) news.push(update);
    for (const part of parts) {
      acceptPart(loaded.crdt, part, this.#parts.authors);
      if (loaded.crdt.apply([part.update])) news.push(part.update);
    }
    if (loaded.crdt.boundedWrites !== boundedWrites) throw writesBounded();
    return news.length === 0 ? undefined : concatBytes(news);
  }

  #assertCurrent(loaded: LoadedDocument): void {
    if (this.#parts.documents.open(loaded.id) !== loaded) throw notReady('the session was opened under an earlier epoch');
  }

  async #take(loaded: LoadedDocument, update: Uint8Array, append: AppendUpdate): Promise<OpId | undefined> {
    const { log } = this.#parts;
    const { boundedWrites } = loaded.crdt;
    const hasNews = this.#apply(loaded, update);
    if (loaded.crdt.boundedWrites !== boundedWrites) this.#refuseBounded(loaded);
    if (!hasNews) {
      // Nothing new: but what the sender repeats may be on its way to the disk still.
      await log.whenDurable(loaded.localPosition);
      return undefined;
    }
    const { origin, seq, position } = append(update);
    await log.whenDurable(position);
    return { origin, seq };
  }

  /** Inspection refuses such an update before it is applied. Should one get past it, it is undone. */
  #refuseBounded(loaded: LoadedDocument): never {
    this.#parts.undo([loaded]);
    throw writesBounded();
  }

  #apply(loaded: LoadedDocument, update: Uint8Array): boolean {
    try {
      return loaded.crdt.apply([update]);
    } catch (error) {
      this.#parts.logger.error('session.merge_failed', { document: loaded.id, error });
      this.#parts.undo([loaded]);
      throw new AnabranchError('update_invalid', 'the update cannot be merged');
    }
  }
}

function writesBounded(): AnabranchError {
  return new AnabranchError('update_invalid', 'the update writes to a bounded counter, which takes increment and decrement only');
}

function partsOf(finding: InspectionFinding): readonly SoundPart[] {
  if (finding.isSound) return finding.parts;
  throw new AnabranchError(finding.code, finding.message);
}
