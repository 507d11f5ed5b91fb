// A short run told step by step, for tests that plant what a wrong merge would have shown.

import type { JsonObject } from '@anabranch/base';
import type { DocumentOp } from '@anabranch/crdt';
import type { HistoryEvent, LoggedOpDump, RegionDump, RunRecord } from '../../history.ts';
import { collections } from './drawn-edits.ts';
import { GeneratedRegion } from './generated-region.ts';

export class ScriptedRun {
  readonly berlin: GeneratedRegion = new GeneratedRegion('berlin');
  readonly tokyo: GeneratedRegion = new GeneratedRegion('tokyo');
  readonly #history: HistoryEvent[] = [];
  readonly #dumps: RegionDump[] = [];
  #timeMs = 0;

  /** One acknowledged edit. */
  edit(region: GeneratedRegion, document: string, ...ops: DocumentOp[]): LoggedOpDump {
    this.#timeMs += 10;
    const key = `key-${this.#timeMs}`;
    const op = region.edit(document, ops, { key, wallMs: this.#timeMs });
    const opId = { origin: op.origin, seq: op.seq };
    this.#note(region, {
      f: 'edit',
      document,
      key,
      ops,
      answer: { json: region.json(document), version: region.vector, opId, isReplay: false },
    });
    return op;
  }

  read(region: GeneratedRegion, document: string): void {
    this.#timeMs += 10;
    this.#note(region, { f: 'read', document, answer: { json: region.json(document), version: region.vector } });
  }

  /** Both regions receive what the other has. */
  exchange(): void {
    this.berlin.pull(this.tokyo, Number.POSITIVE_INFINITY);
    this.tokyo.pull(this.berlin, Number.POSITIVE_INFINITY);
  }

  dump(region: GeneratedRegion): void {
    this.#dumps.push(region.dump(this.#timeMs, false));
  }

  /** The record, the views of a document replaced by what `planted` makes of them, in every region alike. */
  record(document = '', planted: (json: JsonObject) => JsonObject = (json) => json): RunRecord {
    this.exchange();
    const plantIn = (dump: RegionDump): RegionDump => {
      const known = dump.documents.get(document);
      if (known === undefined) return dump;
      return { ...dump, documents: new Map(dump.documents).set(document, { ...known, json: planted(known.json) }) };
    };
    const finalDumps = [this.berlin, this.tokyo].map((region) => plantIn(region.dump(this.#timeMs + 10, true)));
    return { seed: 1, history: this.#history, regionEvents: [], dumps: this.#dumps.map(plantIn), finalDumps, collections };
  }

  #note(region: GeneratedRegion, event: Pick<HistoryEvent, 'f' | 'document' | 'key' | 'ops' | 'answer'>): void {
    const { answer: _, ...asked } = event;
    const who = { process: `client of ${region.name}`, session: `session in ${region.name}`, region: region.name, incarnation: 1 };
    this.#history.push({ index: this.#history.length, timeMs: this.#timeMs - 1, type: 'invoke', ...who, ...asked });
    this.#history.push({ index: this.#history.length, timeMs: this.#timeMs, type: 'ok', ...who, ...event });
  }
}
