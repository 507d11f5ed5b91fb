import type { HistoryEvent } from '../history.ts';
import type { Trace } from '../run/trace.ts';

/** Writes the history down, in Jepsen's shape, and what it says into the trace. */
export class HistoryRecorder {
  readonly events: HistoryEvent[] = [];
  readonly #nowMs: () => number;
  readonly #trace: Trace;
  acknowledgedEdits = 0;

  constructor(nowMs: () => number, trace: Trace) {
    this.#nowMs = nowMs;
    this.#trace = trace;
  }

  /** `givenMs`: when the region gave the answer, which the client heard later. */
  record(event: Omit<HistoryEvent, 'index' | 'timeMs'>, givenMs: number = this.#nowMs()): void {
    const { type, process, f, region, document, key, answer, code } = event;
    this.events.push({ ...event, index: this.events.length, timeMs: givenMs });
    if (type === 'ok' && f === 'edit') this.acknowledgedEdits += 1;
    const opId = answer?.opId === undefined ? '' : `${answer.opId.origin}:${answer.opId.seq}`;
    this.#trace.note(`${process} ${type} ${f} ${region} ${document} ${key ?? ''} ${code ?? opId}`);
  }
}
