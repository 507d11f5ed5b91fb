// One region of a generated record: a log in order of arrival, documents folded from it, and an identity that is renewed when
// peers know more of it than its disk. It is a model of the promises, a few lines to each, with the real documents inside.

import { createHash } from 'node:crypto';
import type { Hash, JsonObject } from '@anabranch/base';
import type { OriginId } from '@anabranch/causality';
import { type CrdtDocument, createDocument, type DocumentOp, identityOf } from '@anabranch/crdt';
import type { LoggedOpDump, RegionDump, Vector } from '../../history.ts';
import { collections, documents } from './drawn-edits.ts';

const hash: Hash = {
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  hmacSha256: () => {
    throw new Error('documents ask for no keyed hash');
  },
};

export class GeneratedRegion {
  readonly name: string;
  incarnation = 1;
  arrivals: LoggedOpDump[] = [];
  #epoch = 0;
  #origin = '';
  #dependedOn: Vector = {};
  #stampMs = 0;
  readonly #documents = new Map<string, CrdtDocument>();

  constructor(name: string) {
    this.name = name;
    this.renewEpoch();
  }

  get origin(): string {
    return this.#origin;
  }

  get vector(): Vector {
    const vector: Record<string, number> = {};
    for (const { origin, seq } of this.arrivals) vector[origin] = seq;
    return vector;
  }

  covers(vector: Vector): boolean {
    const held = this.vector;
    return Object.entries(vector).every(([origin, seq]) => seq <= (held[origin] ?? 0));
  }

  opOf(key: string): LoggedOpDump | undefined {
    return this.arrivals.find((op) => op.key === key);
  }

  renewEpoch(): void {
    this.#origin = `${this.name}.${(++this.#epoch).toString(16).padStart(12, '0')}`;
    this.restart();
  }

  restart(): void {
    this.incarnation += 1;
    this.#dependedOn = {};
    this.#documents.clear();
  }

  /** The disk as it was when it held `count` ops. */
  rollBack(count: number): void {
    this.arrivals = this.arrivals.slice(0, count);
    this.restart();
  }

  edit(document: string, ops: readonly DocumentOp[], { key, wallMs }: { key: string; wallMs: number }): LoggedOpDump {
    const vector = this.vector;
    const seq = (vector[this.#origin] ?? 0) + 1;
    this.#stampMs = Math.max(this.#stampMs + 1, wallMs);
    const hlc = { ms: this.#stampMs, counter: 0 };
    const update = this.#open(document).edit({ writer: this.#origin, dot: seq, hlc }, ops);
    const dependencies = Object.entries(vector)
      .filter(([origin, held]) => origin !== this.#origin && held > (this.#dependedOn[origin] ?? 0))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    this.#dependedOn = vector;
    const { library } = this.#open(document);
    const writes = update === undefined ? [] : [{ document, library, update }];
    const op = logged({ origin: this.#origin, seq, hlc, dependencies, writes, key }, this.#lastOf(this.#origin));
    this.arrivals.push(op);
    return op;
  }

  /** Takes the next ops that another region has and this one lacks, at most `countMax`. */
  pull(from: GeneratedRegion, countMax: number): void {
    const held = this.vector;
    const missing = from.arrivals.filter(({ origin, seq }) => seq > (held[origin] ?? 0)).slice(0, countMax);
    for (const op of missing) {
      this.arrivals.push(op);
      for (const { document, update } of op.writes) this.#documents.get(document)?.apply([update]);
    }
  }

  json(document: string): JsonObject {
    return this.#open(document).json();
  }

  dump(timeMs: number, hasLogs: boolean): RegionDump {
    const written = documents.filter((document) => this.arrivals.some((op) => op.writes.some((write) => write.document === document)));
    const logs = new Map<string, LoggedOpDump[]>();
    for (const op of hasLogs ? this.arrivals : []) logs.set(op.origin, [...(logs.get(op.origin) ?? []), op]);
    const views = written.map((document) => {
      const digest = Buffer.from(this.#open(document).digest(hash)).toString('hex');
      return [document, { digest, json: this.json(document) }] as const;
    });
    const common = { region: this.name, timeMs, origin: this.#origin, version: this.vector, documents: new Map(views) };
    const arrivals = this.arrivals.map(({ origin, seq }) => ({ origin, seq }));
    return { ...common, quarantinedOrigins: [], ...(hasLogs && { logs, arrivals }) };
  }

  #open(document: string): CrdtDocument {
    const known = this.#documents.get(document);
    if (known !== undefined) return known;
    const collection = collections.get(document.slice(0, document.indexOf('/')));
    if (collection === undefined) throw new Error(`no collection of ${document}`);
    const fresh = createDocument(collection, identityOf(this.#origin as OriginId, hash));
    fresh.apply(this.arrivals.flatMap((op) => op.writes.filter((write) => write.document === document).map((write) => write.update)));
    this.#documents.set(document, fresh);
    return fresh;
  }

  #lastOf(origin: string): LoggedOpDump | undefined {
    return this.arrivals.findLast((op) => op.origin === origin);
  }
}

/** The op with its bytes, hash and chain. The form of the bytes is no matter of the checkers. */
export function logged(op: Omit<LoggedOpDump, 'bytes' | 'opHash' | 'chainHash'>, previous: LoggedOpDump | undefined): LoggedOpDump {
  const header = JSON.stringify([op.hlc, op.dependencies, op.key, op.writes.map(({ document, library }) => [document, library])]);
  const bytes = Buffer.concat([Buffer.from(header), ...op.writes.map(({ update }) => update)]);
  const start = createHash('sha256').update(`anabranch-log-1${op.origin}`).digest('hex');
  const before = Buffer.from(previous?.chainHash ?? start, 'hex');
  const chainHash = createHash('sha256').update(before).update(bytes).digest('hex');
  return { ...op, bytes, opHash: createHash('sha256').update(bytes).digest('hex'), chainHash };
}
