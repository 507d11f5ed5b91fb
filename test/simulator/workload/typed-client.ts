// One client that edits and reads typed documents through the doors: it keeps what its session has seen, repeats what was
// not answered under the same key, and sometimes moves to another region.

import { assert, encodeUtf8, type JsonObject } from '@anabranch/base';
import { type OriginId, VersionVector } from '@anabranch/causality';
import type { DocumentOp } from '@anabranch/crdt';
import type { DocumentView, EditResult, ReadOptions, Replica, TransactionRequest } from '@anabranch/engine';
import { parseDocumentId } from '@anabranch/protocol';
import { NodeHash } from '@anabranch/system';
import type { AskedEdit, ConcernAnswer, HistoryAnswer, HistoryEvent } from '../history.ts';
import type { Sometimes } from '../run/sometimes.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { depots, isDepot } from '../world/collections.ts';
import type { RegionHost } from '../world/region-host.ts';
import type { OpDraw } from './draw-ops.ts';
import type { HistoryRecorder } from './history-recorder.ts';
import type { ReadSampler } from './read-sampler.ts';
import type { DoorAnswer, RegionDoor } from './region-door.ts';

export interface ClientHabits {
  readonly thinkMs: number;
  readonly readShare: number;
  /** How often it presents its token. */
  readonly tokenShare: number;
  readonly hopShare: number;
  readonly timeoutMs: number;
  /** How often an edit has a write concern beyond its region, and a read one of a majority. */
  readonly concernShare: number;
  /** How often a read has a bound, when it has no other concern. */
  readonly boundedShare: number;
}

export interface TypedClientParts {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly hosts: readonly RegionHost[];
  readonly documents: readonly string[];
  readonly habits: ClientHabits;
  readonly door: RegionDoor;
  readonly draw: OpDraw;
  readonly recorder: HistoryRecorder;
  readonly readSampler: ReadSampler;
  readonly sometimes: Sometimes;
  /** Of bounded reads: a stream of their own, and by how much regions that measure clocks by round trips may be wrong. */
  readonly boundsRandom: SeededRandom;
  readonly clockErrorMs: () => number;
}

interface Edit {
  readonly document: string;
  readonly key: string;
  readonly ops: readonly DocumentOp[];
  /** Of a transaction: what else it asks for. */
  readonly others: readonly AskedEdit[];
  readonly firstRegion: string;
}

type ConcernedEdit = EditResult & { readonly concern?: ConcernAnswer };

const concernTargets = ['majority', 'majority', 'all', 2] as const;
/** Some that regions far apart cannot meet, and some that they meet while a link is down. */
const maxLagsMs = [200, 500, 1_000, 3_000] as const;
const retriesMax = 4;
/** A client that thinks is not one whose operation does not end. */
const thinkMsMax = 20_000;
const hash = new NodeHash();

export class TypedClient {
  readonly #parts: TypedClientParts;
  readonly #random: SeededRandom;
  readonly #views = new Map<string, JsonObject>();
  #seen = VersionVector.empty;
  #host: RegionHost;
  #infos = 0;
  #edits = 0;

  constructor(parts: TypedClientParts) {
    this.#parts = parts;
    this.#random = parts.random;
    this.#host = parts.random.pick(parts.hosts);
  }

  /** Works until `isOver` says so; resolves when its last operation has ended. */
  async work(isOver: () => boolean): Promise<void> {
    const { thinkMs, readShare, hopShare } = this.#parts.habits;
    while (!isOver()) {
      await this.#sleep(Math.min(-Math.log(1 - this.#random.u32() / 2 ** 32) * thinkMs, thinkMsMax));
      if (isOver()) return;
      if (this.#random.chance(hopShare)) this.#hop();
      const document = this.#random.pick(this.#parts.documents);
      if (this.#random.chance(readShare)) await this.#read(document);
      else await this.#edit(document, isOver);
    }
  }

  async #read(document: string): Promise<void> {
    const presented = this.#presented();
    const id = parseDocumentId(document);
    const options = presented === undefined ? {} : { minVersion: presented };
    const isOfMajority = this.#random.chance(this.#parts.habits.concernShare);
    const maxLagMs = isOfMajority ? undefined : this.#maxLagMs();
    const concern = isOfMajority ? ({ readConcern: { kind: 'majority' } } as const) : boundOf(maxLagMs);
    const asked = isOfMajority ? ({ readConcern: 'majority' } as const) : maxLagMs === undefined ? {} : { maxLagMs };
    const event = this.#invoke({ f: 'read', document, ...asked, ...(presented && { presented: presented.toJSON() }) });
    const host = this.#host;
    const answer = await this.#parts.door.call({
      ...{ host, timeoutMs: this.#parts.habits.timeoutMs },
      act: async (replica) => {
        const view = await replica.read(id, { ...options, ...concern });
        this.#parts.readSampler.look(host, replica, document, view);
        return view;
      },
    });
    const error = maxLagMs === undefined ? {} : { clockErrorMs: this.#parts.clockErrorMs() };
    this.#complete(event, answer, (view) => ({ ...answerOf(view), ...error }));
  }

  async #edit(document: string, isOver: () => boolean): Promise<void> {
    const { sometimes } = this.#parts;
    const edit = this.#draw(document);
    for (let attempt = 0; attempt <= retriesMax; attempt++) {
      const answer = await this.#attempt(edit);
      if (answer.type === 'info') sometimes.hit('answer_lost');
      const mayRetry = answer.type === 'info' || (answer.type === 'fail' && retryable.has(answer.code));
      const wantsMore = answer.type === 'ok' ? this.#random.chance(0.03) : mayRetry && this.#random.chance(0.8);
      if (!wantsMore || isOver()) return;
      if (this.#random.chance(0.4)) this.#hop();
      await this.#sleep(this.#random.below(1_500));
    }
  }

  /** Sends one edit once, to a region; true when it was accepted. */
  async editOnce(host: RegionHost, document: string, ops: readonly DocumentOp[]): Promise<boolean> {
    this.#host = host;
    const key = `${this.#parts.name}-${++this.#edits}`;
    const answer = await this.#attempt({ document, key, ops, others: [], firstRegion: host.region });
    return answer.type === 'ok';
  }

  #draw(document: string): Edit {
    const { name, draw } = this.#parts;
    const named = { key: `${name}-${++this.#edits}`, document, firstRegion: this.#host.region };
    if (!isDepot(document) || !this.#random.chance(0.3))
      return { ...named, ops: draw.draw(document, this.#views.get(document)), others: [] };
    const [from, to] = draw.drawMove();
    const other = this.#random.pick(depots.filter((depot) => depot !== document));
    return { ...named, ops: from, others: [{ document: other, ops: to }] };
  }

  /** Waits for other regions, and looks whether those that are said to hold the op do. */
  async #withConcern(replica: Replica, target: ConcernAnswer['target'] | undefined, result: EditResult): Promise<ConcernedEdit> {
    const { opId } = result;
    const known = replica.status().peers.length + 1;
    if (target === undefined || opId === undefined || (target === 2 && known < 2)) return result;
    const { isMet, durable, pending } = await replica.writeConcerns.whenMet(opId, { target, timeoutMs: 1_500 });
    const lacking = durable.filter((region) => {
      const running = this.#parts.hosts.find((host) => host.region === region)?.running;
      return running !== undefined && running.replica.version.get(opId.origin) < opId.seq;
    });
    const { sometimes } = this.#parts;
    sometimes.hit(isMet ? 'concern_met' : 'concern_pending');
    return { ...result, concern: { target, isMet, durable, pending, lacking } };
  }

  async #attempt({ document, key, ops, others, firstRegion }: Edit): Promise<DoorAnswer<ConcernedEdit>> {
    const presented = this.#presented();
    const requestDigest = hash.sha256(encodeUtf8(JSON.stringify([document, ops, others]))).slice(0, 16);
    const options = presented === undefined ? {} : { minVersion: presented };
    const event = this.#invoke({
      f: 'edit',
      document,
      key,
      ops,
      ...(others.length > 0 && { others }),
      ...(presented && { presented: presented.toJSON() }),
    });
    const target = this.#random.chance(this.#parts.habits.concernShare) ? this.#random.pick(concernTargets) : undefined;
    const answer = await this.#parts.door.call({
      ...{ host: this.#host, timeoutMs: this.#parts.habits.timeoutMs },
      act: async (replica) =>
        this.#withConcern(
          replica,
          target,
          await transact(replica, [{ document, ops }, ...others], { idempotency: { key, requestDigest }, ...options }),
        ),
    });
    if (answer.type === 'ok' && answer.value.isReplay) {
      this.#parts.sometimes.hit(event.region === firstRegion ? 'replayed_key' : 'replayed_key_elsewhere');
    }
    this.#complete(event, answer, (result) => editAnswerOf(result));
    return answer;
  }

  #invoke(what: Pick<HistoryEvent, 'f' | 'document'> & Partial<HistoryEvent>): Omit<HistoryEvent, 'index' | 'timeMs'> {
    const { name } = this.#parts;
    const process = this.#infos === 0 ? name : `${name}/${this.#infos}`;
    const incarnation = this.#host.process?.incarnation ?? 0;
    const event = { ...what, type: 'invoke' as const, process, session: name, region: this.#host.region, incarnation };
    this.#parts.recorder.record(event);
    return event;
  }

  #complete<T extends DocumentView>(
    invoked: Omit<HistoryEvent, 'index' | 'timeMs'>,
    answer: DoorAnswer<T>,
    read: (value: T) => HistoryAnswer,
  ): void {
    const { recorder, sometimes } = this.#parts;
    if (answer.type === 'info') this.#infos += 1;
    if (answer.type === 'ok') {
      if (invoked.readConcern !== undefined) sometimes.hit('majority_read');
      if (invoked.maxLagMs !== undefined) sometimes.hit('bounded_read');
      if (invoked.others !== undefined) sometimes.hit('transaction');
      recorder.record({ ...invoked, type: 'ok', answer: read(answer.value) }, answer.givenMs);
      this.#seen = this.#seen.merge(answer.value.version);
      this.#views.set(invoked.document, answer.value.json);
      return;
    }
    if (answer.code === 'not_yet_visible') sometimes.hit('not_yet_visible');
    if (answer.code === 'insufficient_rights') sometimes.hit(answer.isFrozen ? 'rights_frozen' : 'insufficient_rights');
    if (answer.code === 'read_concern_unmet') sometimes.hit('read_concern_unmet');
    if (answer.code === 'not_ready') sometimes.hit('not_ready');
    recorder.record({ ...invoked, type: answer.type, code: answer.code });
  }

  #maxLagMs(): number | undefined {
    const { boundsRandom, habits } = this.#parts;
    return boundsRandom.chance(habits.boundedShare) ? boundsRandom.pick(maxLagsMs) : undefined;
  }

  #presented(): VersionVector | undefined {
    return this.#seen.size > 0 && this.#random.chance(this.#parts.habits.tokenShare) ? this.#seen : undefined;
  }

  #hop(): void {
    this.#host = this.#random.pick(this.#parts.hosts);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.setTimer(ms, () => resolve()));
  }
}

/** Refusals that a client tries again elsewhere or later, with the same key. */
const retryable: ReadonlySet<string> = new Set([
  'unreachable',
  'not_ready',
  'not_yet_visible',
  'overloaded',
  'record_damaged',
  'write_not_found',
]);

function boundOf(maxLagMs: number | undefined): Pick<ReadOptions, 'readConcern'> {
  return maxLagMs === undefined ? {} : { readConcern: { kind: 'bounded', maxLagMs } };
}

function answerOf({ json, version }: DocumentView): HistoryAnswer {
  return { json, version: version.toJSON() };
}

export function editAnswerOf({ json, version, opId, isReplay, concern }: ConcernedEdit): HistoryAnswer {
  const named = opId && { opId: { origin: opId.origin satisfies OriginId, seq: opId.seq } };
  return { json, version: version.toJSON(), isReplay, ...named, ...(concern && { concern }) };
}

/** The edit of one document or of several; answered with the view of the first. */
export async function transact(
  replica: Replica,
  asked: readonly AskedEdit[],
  options: Omit<TransactionRequest, 'writes'>,
): Promise<EditResult> {
  const writes = asked.map(({ document, ops }) => ({ document: parseDocumentId(document), plan: () => ops }));
  const { views, ...result } = await replica.transact({ writes, ...options });
  const [view] = views;
  assert(view !== undefined, 'a write has a view');
  return { ...view, ...result };
}
