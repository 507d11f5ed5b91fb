// An embedded client as bytes see it: says what a test wants, keeps what it is told.

import { canonicalJson, type JsonValue } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import {
  type CollectionDefinition,
  type DocumentUpdate,
  decodeSessionAnswer,
  encodeSessionFrame,
  type OpenFrame,
  parseDocumentId,
  type SessionAnswer,
  type SessionRequest,
} from '@anabranch/protocol';
import { RawClient } from './raw-client.ts';
import type { TestRegion } from './test-region.ts';
import { until } from './until.ts';

export interface FrameClientOptions {
  readonly seen?: VersionVector;
  readonly resumeKey?: Uint8Array;
  readonly followSerial?: number;
  readonly collections?: readonly CollectionDefinition[];
}

export class FrameClient {
  readonly raw: RawClient;
  readonly frames: SessionAnswer[] = [];
  bytes = 0;
  #serial: number;
  #read = 0;
  #seen: VersionVector;

  static async open(region: TestRegion, options: FrameClientOptions = {}): Promise<FrameClient> {
    const client = new FrameClient(region, options);
    const open: OpenFrame = {
      ...{ type: 'open', protocolVersion: 1, protocolVersionFloor: 1, writer: 'device.1', credential: '' },
      ...{ seen: client.seen.entries(), required: client.seen.entries(), resumeKey: options.resumeKey ?? new Uint8Array() },
      ...{ followSerial: options.followSerial ?? 0, collections: options.collections ?? definitionsOf(region) },
    };
    await client.send(open);
    await client.until('welcome');
    return client;
  }

  constructor(region: TestRegion, { seen = VersionVector.empty, followSerial = 0 }: FrameClientOptions = {}) {
    this.raw = new RawClient(`${region.url}/v1/sync/documents`);
    this.#seen = seen;
    this.#serial = followSerial;
  }

  /** The sum of what it was told, from what it began with. */
  get seen(): VersionVector {
    this.#readAll();
    return this.#seen;
  }

  get serial(): number {
    return this.#serial;
  }

  get welcome(): Extract<SessionAnswer, { type: 'welcome' }> {
    const [welcome] = this.of('welcome');
    if (welcome === undefined) throw new Error('not welcomed');
    return welcome;
  }

  of<T extends SessionAnswer['type']>(type: T): Extract<SessionAnswer, { type: T }>[] {
    this.#readAll();
    return this.frames.filter((frame): frame is Extract<SessionAnswer, { type: T }> => frame.type === type);
  }

  /** Resolves when so many frames of a type have come. */
  until(type: SessionAnswer['type'], count = 1): Promise<void> {
    return until(() => this.of(type).length >= count, `${count} frames of type ${type}`);
  }

  send(frame: SessionRequest): Promise<void> {
    return this.raw.send(encodeSessionFrame(frame));
  }

  follow(documents: readonly string[], isHeld = false, isComplete = true): Promise<void> {
    this.#serial += 1;
    const followed = documents.map((name) => ({ document: parseDocumentId(name), isHeld }));
    return this.send({ type: 'follow', serial: this.#serial, isComplete, documents: followed });
  }

  push(id: number, ...writes: readonly (readonly [string, Uint8Array])[]): Promise<void> {
    const updates: DocumentUpdate[] = writes.map(([name, update]) => ({ document: parseDocumentId(name), update }));
    return this.send({ type: 'push', id, writes: updates });
  }

  close(): void {
    this.raw.close();
  }

  #readAll(): void {
    for (; this.#read < this.raw.messages.length; this.#read++) {
      const message = this.raw.messages[this.#read] ?? new Uint8Array();
      this.bytes += message.length;
      const frame = decodeSessionAnswer(message);
      if (frame === undefined) continue;
      this.frames.push(frame);
      if (frame.type === 'changes') this.#seen = this.#seen.merge(VersionVector.of(frame.told));
    }
  }
}

export function definitionsOf(region: TestRegion): CollectionDefinition[] {
  return [...region.replica.collections].map(([name, { library, schema }]) => {
    const plain: JsonValue = JSON.parse(JSON.stringify({ library, schema }));
    return { name, definition: canonicalJson(plain) };
  });
}
