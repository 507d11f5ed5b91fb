// Records of runs in which every promise held: sessions that edit, read, lose answers, repeat and move between regions, while
// regions receive each other's ops late and in parts, restart, and have their disks rolled back or wiped.
//
// Invariant: after a disk went back, its region goes on under its epoch only when no other region holds more of it: as the
//            epoch guard promises, with all peers in reach.

import { isAnabranchError } from '@anabranch/base';
import type { DocumentOp } from '@anabranch/crdt';
import type { HistoryAnswer, HistoryEvent, RegionDump, RegionEvent, RunRecord, Vector } from '../../history.ts';
import { SeededRandom } from '../../seeded-random.ts';
import { collections, documents, drawEdit } from './drawn-edits.ts';
import { GeneratedRegion } from './generated-region.ts';

interface Request {
  readonly key: string;
  readonly document: string;
  readonly ops: readonly DocumentOp[];
}

interface Session {
  readonly name: string;
  process: string;
  lives: number;
  seen: Vector;
  /** An edit whose answer was lost. */
  unanswered: Request | undefined;
}

export interface RecordSize {
  readonly steps?: number;
  readonly regions?: number;
  /** Without disks that go back: what is acknowledged then stays in any case. */
  readonly hasSetbacks?: boolean;
}

const regionNames = ['berlin', 'new-york', 'tokyo', 'sydney', 'lagos', 'lima', 'oslo'];

export function soundRecord(seed: number, size: RecordSize = {}): RunRecord {
  return new RecordWriter(seed, size).write(size.steps ?? 100);
}

class RecordWriter {
  readonly #random: SeededRandom;
  readonly #seed: number;
  readonly #hasSetbacks: boolean;
  readonly #regions: GeneratedRegion[];
  readonly #sessions: Session[];
  readonly #history: HistoryEvent[] = [];
  readonly #events: RegionEvent[] = [];
  readonly #dumps: RegionDump[] = [];
  readonly #images = new Map<GeneratedRegion, number>();
  #timeMs = 0;
  #edits = 0;

  constructor(seed: number, size: RecordSize) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    this.#hasSetbacks = size.hasSetbacks ?? true;
    this.#regions = regionNames.slice(0, size.regions ?? 2 + this.#random.below(3)).map((name) => new GeneratedRegion(name));
    this.#sessions = Array.from({ length: 4 }, (_, i) => {
      return { name: `session-${i}`, process: `client-${i}`, lives: 0, seen: {}, unanswered: undefined };
    });
    for (const region of this.#regions) this.#note(region, 'start', 'writable');
  }

  write(steps: number): RunRecord {
    for (let step = 0; step < steps; step++) this.#step();
    const healedCoreAtMs = this.#timeMs;
    for (const to of this.#regions) for (const from of this.#regions) to.pull(from, Number.POSITIVE_INFINITY);
    for (const to of this.#regions) for (const from of this.#regions) to.pull(from, Number.POSITIVE_INFINITY);
    this.#timeMs += 500;
    return {
      seed: this.#seed,
      history: this.#history,
      regionEvents: this.#events,
      dumps: this.#dumps,
      finalDumps: this.#regions.map((region) => region.dump(this.#timeMs, true)),
      collections,
      healedCoreAtMs,
      convergedAtMs: this.#timeMs,
      boundMs: 10_000,
      answerBoundMs: 2_000,
      resources: this.#regions.map(({ name }) => ({ timeMs: this.#timeMs, region: name, resource: 'pendingBytes', value: 10, bound: 100 })),
    };
  }

  #step(): void {
    this.#timeMs += 1 + this.#random.below(50);
    const region = this.#random.pick(this.#regions);
    const drawn = this.#random.below(100);
    const session = this.#random.pick(this.#sessions);
    if (drawn < 62) this.#act(session, region);
    else if (drawn < 88) this.#random.pick(this.#regions).pull(region, 1 + this.#random.below(12));
    else if (drawn < 93) this.#dumps.push(region.dump(this.#timeMs, false));
    else this.#disturb(region);
  }

  /** Mostly in a region that has what the session has seen. */
  #act(session: Session, drawn: GeneratedRegion): void {
    const covering = this.#regions.filter((region) => region.covers(session.seen));
    const region = covering.length > 0 && this.#random.chance(0.85) ? this.#random.pick(covering) : drawn;
    if (this.#random.chance(0.8)) this.#edit(session, region);
    else this.#read(session, region);
  }

  #edit(session: Session, region: GeneratedRegion): void {
    const request = session.unanswered ?? this.#draw(region);
    const { document, ops, key } = request;
    const invoke = { f: 'edit' as const, document, ops, key, presented: session.seen };
    this.#log(session, region, { type: 'invoke', ...invoke });
    if (!region.covers(session.seen)) {
      if (session.unanswered === undefined || this.#random.chance(0.5)) return this.#refuse(session, region, invoke);
      return this.#lose(session, region, { request, invoke });
    }
    const known = region.opOf(key);
    const isTaken = known !== undefined || this.#random.chance(0.95);
    let op = known;
    try {
      if (isTaken) op ??= region.edit(document, ops, { key, wallMs: this.#timeMs });
    } catch (error) {
      // Repeated elsewhere, its positions may lie outside of what is there.
      if (!isAnabranchError(error)) throw error;
      session.unanswered = undefined;
      return this.#log(session, region, { type: 'fail', ...invoke, code: error.code });
    }
    if (op === undefined || this.#random.chance(0.1)) return this.#lose(session, region, { request, invoke });
    session.unanswered = undefined;
    const opId = { origin: op.origin, seq: op.seq };
    const answer = { json: region.json(document), version: region.vector, opId, isReplay: known !== undefined };
    this.#answer(session, region, { invoke, answer });
  }

  #draw(region: GeneratedRegion): Request {
    const document = this.#random.pick(documents);
    const ops = drawEdit(document, region.json(document), this.#random, ++this.#edits);
    return { key: `key-${this.#edits}`, document, ops };
  }

  #read(session: Session, region: GeneratedRegion): void {
    const document = this.#random.pick(documents);
    const invoke = { f: 'read' as const, document, presented: session.seen };
    this.#log(session, region, { type: 'invoke', ...invoke });
    if (!region.covers(session.seen)) return this.#refuse(session, region, invoke);
    this.#answer(session, region, { invoke, answer: { json: region.json(document), version: region.vector } });
  }

  #answer(session: Session, region: GeneratedRegion, { invoke, answer }: { invoke: Invoked; answer: HistoryAnswer }): void {
    session.seen = { ...answer.version };
    this.#log(session, region, { type: 'ok', ...invoke, answer });
  }

  /** Refused for what the session had seen. What it saw may be gone with a disk, then it begins anew. */
  #refuse(session: Session, region: GeneratedRegion, invoke: Invoked): void {
    if (session.unanswered === undefined) this.#log(session, region, { type: 'fail', ...invoke, code: 'not_yet_visible' });
    else this.#lose(session, region, { request: session.unanswered, invoke });
    if (this.#random.chance(0.3)) session.seen = {};
  }

  #lose(session: Session, region: GeneratedRegion, { request, invoke }: { request: Request; invoke: Invoked }): void {
    this.#log(session, region, { type: 'info', ...invoke, code: 'timeout' });
    session.unanswered = this.#random.chance(0.8) && invoke.f === 'edit' ? request : session.unanswered;
    session.process = `${session.process.split('/')[0]}/${++session.lives}`;
  }

  #disturb(region: GeneratedRegion): void {
    const image = this.#images.get(region);
    if (!this.#hasSetbacks || this.#random.chance(0.4)) {
      region.restart();
      return this.#note(region, 'crash', 'start', 'writable');
    }
    if (image === undefined) {
      this.#images.set(region, region.arrivals.length);
      return;
    }
    const isWipe = this.#random.chance(0.2);
    const held = region.vector;
    region.rollBack(isWipe ? 0 : Math.min(image, region.arrivals.length));
    this.#images.delete(region);
    const left = region.vector;
    this.#note(region, 'crash');
    this.#events.push({ timeMs: this.#timeMs, region: region.name, kind: isWipe ? 'wipe' : 'rollback', held, left });
    const ownSeq = left[region.origin] ?? 0;
    const isKnownFurther = this.#regions.some((peer) => (peer.vector[region.origin] ?? 0) > ownSeq);
    if (isWipe || isKnownFurther || this.#random.chance(0.3)) {
      region.renewEpoch();
      this.#note(region, 'start', 'epoch_renewed', 'writable');
    } else {
      this.#note(region, 'start', 'writable');
    }
    this.#timeMs += 1;
  }

  #note(region: GeneratedRegion, ...kinds: RegionEvent['kind'][]): void {
    for (const kind of kinds) this.#events.push({ timeMs: this.#timeMs, region: region.name, kind });
  }

  #log(session: Session, region: GeneratedRegion, event: Logged): void {
    const { name: sessionName, process } = session;
    const where = { process, session: sessionName, region: region.name, incarnation: region.incarnation };
    this.#history.push({ index: this.#history.length, timeMs: this.#timeMs, ...where, ...event });
  }
}

type Logged = Omit<HistoryEvent, 'index' | 'timeMs' | 'process' | 'session' | 'region' | 'incarnation'>;
type Invoked = Omit<Logged, 'type' | 'answer' | 'code'>;
