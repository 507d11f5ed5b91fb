// Notes what devices do, are told and show. One for all devices of a run: marks are unique among them.

import type { JsonObject } from '@anabranch/base';
import type { DocumentUpdate } from '@anabranch/protocol';
import type { AskedEdit, Vector } from '../history.ts';
import type { Trace } from '../run/trace.ts';
import type { DeviceEvent, DeviceSubmission, DeviceWrite, MarkedEdit } from './device-history.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Happened<E> = E extends unknown ? Omit<E, 'timeMs' | 'device'> : never;

export type BegunSubmission = Mutable<DeviceSubmission>;

export class DeviceRecorder {
  readonly writes: Mutable<DeviceWrite>[] = [];
  readonly events: DeviceEvent[] = [];
  readonly submissions: BegunSubmission[] = [];
  readonly #nowMs: () => number;
  readonly #trace: Trace;
  readonly #byId = new Map<string, Mutable<DeviceWrite>>();
  /** By the bytes that are pushed. */
  readonly #idByPush = new Map<string, string>();
  /** A write that has no handle: the next one that a store is given is this. */
  nextAppended: Mutable<DeviceWrite> | undefined;

  constructor(nowMs: () => number, trace: Trace) {
    this.#nowMs = nowMs;
    this.#trace = trace;
  }

  /** A write that is about to be made, under a mark. */
  begin(device: string, mark: string, edits: readonly MarkedEdit[]): Mutable<DeviceWrite> {
    const fate = { id: undefined, isSaved: false, isDurable: false, refusal: undefined, ack: undefined, isForgotten: false };
    const write: Mutable<DeviceWrite> = { device, mark, timeMs: this.#nowMs(), edits, ...fate };
    this.writes.push(write);
    return write;
  }

  /** The client has returned it, under its own name. */
  named(write: Mutable<DeviceWrite>, id: string): void {
    write.id = id;
    this.#byId.set(id, write);
    this.#trace.note(`${write.device} writes ${write.mark} to ${write.edits.map(({ document }) => document).join(' ')}`);
  }

  /** The store was given a write. */
  appended(id: string, updates: readonly DocumentUpdate[]): void {
    this.#idByPush.set(pushKey(updates), id);
    if (this.nextAppended !== undefined) this.named(this.nextAppended, id);
    this.nextAppended = undefined;
  }

  /** The store of the device has it for good. */
  kept(id: string): void {
    const write = this.#byId.get(id);
    if (write !== undefined) write.isSaved = true;
  }

  refused(id: string, code: string): void {
    const write = this.#byId.get(id);
    if (write === undefined) return;
    write.refusal = code;
    this.#trace.note(`${write.device} is refused ${write.mark}: ${code}`);
  }

  acknowledged(region: string, updates: readonly DocumentUpdate[], covered: Vector): void {
    const write = this.#byId.get(this.#idByPush.get(pushKey(updates)) ?? '');
    if (write === undefined) return;
    write.ack ??= { timeMs: this.#nowMs(), region, covered };
    this.#trace.note(`${write.device} acknowledged ${region} ${write.mark}`);
  }

  /** A submission that is about to be made. */
  submits(device: string, mark: string, writes: readonly AskedEdit[]): BegunSubmission {
    const timeMs = this.#nowMs();
    const told = { outcome: 'unknown' as const, toldMs: timeMs, opId: undefined, code: undefined, isBound: false };
    const submission = { device, mark, timeMs, writes, ...told };
    this.submissions.push(submission);
    return submission;
  }

  /** Its application was told what became of it. */
  submitted(submission: BegunSubmission, told: Partial<Pick<DeviceSubmission, 'outcome' | 'opId' | 'code' | 'isBound'>>): void {
    Object.assign(submission, told, { toldMs: this.#nowMs() });
    this.#trace.note(`${submission.device} ${submission.mark} ${submission.outcome} ${submission.code ?? submission.opId ?? ''}`);
  }

  /** The device is put back to a store with these writes. */
  putBack(device: string, ids: ReadonlySet<string>): void {
    for (const write of this.writes) {
      if (write.device === device && !ids.has(write.id ?? '')) write.isForgotten = true;
    }
    this.note(device, { kind: 'put_back' });
  }

  shown(device: string, document: string, json: JsonObject, isHeld: boolean): void {
    this.events.push({ kind: 'shown', timeMs: this.#nowMs(), device, document, json, isHeld });
  }

  note(device: string, happened: Happened<DeviceEvent>): void {
    this.events.push({ ...happened, timeMs: this.#nowMs(), device } as DeviceEvent);
    this.#trace.note(`${device} ${happened.kind}`);
  }
}

function pushKey(updates: readonly DocumentUpdate[]): string {
  return updates.map(({ document, update }) => `${document} ${Buffer.from(update).toString('base64')}`).join();
}
