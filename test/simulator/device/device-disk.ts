// What a device keeps between its processes, and the store that one process has on it.
//
//   append, commit --> seen by the process at once --a while--> kept: resolved
//                                                 \--killed---> kept or not, but nothing after what was not
//   commit --now and then--> refused: nothing of it is kept
//
// Invariant 1: what has resolved is kept, unless the disk is put back to an older copy.
// Invariant 2: a process is told nothing after its end: it hears of the disk by timers of its own.

import { AnabranchError, type Clock } from '@anabranch/base';
import {
  type ClientStore,
  MemoryStore,
  type NewWrite,
  type PendingWrite,
  type StoreChange,
  type StoredDocument,
  type StoreOpening,
} from '@anabranch/client';
import type { DocumentId } from '@anabranch/protocol';
import type { SeededRandom } from '../seeded-random.ts';

type Step = { readonly write: NewWrite } | { readonly changes: readonly StoreChange[] };

interface DiskCopy {
  readonly device: string;
  readonly kept: readonly Step[];
}

/** What a step takes until it is kept, at most. */
export const keepMsMax = 6;

export class DeviceDisk {
  readonly #onKept: (writeId: string) => void;
  #device = '';
  #kept: Step[] = [];
  #unkept: Step[] = [];
  /** Called once, when the next step is begun. */
  onNextStep: (() => void) | undefined;

  constructor(onKept: (writeId: string) => void) {
    this.#onKept = onKept;
  }

  copy(): DiskCopy {
    return { device: this.#device, kept: [...this.#kept] };
  }

  restore({ device, kept }: DiskCopy): void {
    this.#device = device;
    this.#kept = [...kept];
  }

  /** The process that used it is gone. */
  crash(random: SeededRandom): void {
    for (let count = random.below(this.#unkept.length + 1); count > 0; count--) this.keepNext();
    this.#unkept = [];
  }

  get device(): string {
    return this.#device;
  }

  set device(device: string) {
    this.#device = device;
  }

  get steps(): readonly Step[] {
    return this.#kept;
  }

  /** The ids of the writes that were ever given to it. */
  writeIds(): ReadonlySet<string> {
    return new Set(this.#kept.flatMap((step) => ('write' in step ? [step.write.id] : [])));
  }

  begin(step: Step): void {
    this.#unkept.push(step);
    const { onNextStep } = this;
    this.onNextStep = undefined;
    onNextStep?.();
  }

  /** The oldest step that is not kept is kept now. */
  keepNext(): void {
    const [step] = this.#unkept.splice(0, 1);
    if (step === undefined) return;
    this.#kept.push(step);
    if ('write' in step) this.#onKept(step.write.id);
  }
}

export interface DeviceStoreParts {
  readonly disk: DeviceDisk;
  /** Of the process. */
  readonly clock: Clock;
  readonly random: SeededRandom;
  /** How often a write finds the disk full. */
  readonly fullShare: number;
  /** How often a commit fails, and what is called then. */
  readonly failShare: number;
  readonly onFailed: () => void;
  /** Called when the client hands over a write, before anything comes of it. */
  readonly onAppend: (write: NewWrite) => void;
}

export class DeviceStore implements ClientStore {
  readonly #parts: DeviceStoreParts;
  readonly #memory = new MemoryStore();
  readonly #failures: SeededRandom;
  #isReplayed = false;
  #lastMs = 0;

  constructor(parts: DeviceStoreParts) {
    this.#parts = parts;
    this.#failures = parts.random.fork('failures');
  }

  async open(mintDevice: () => string): Promise<StoreOpening> {
    const { disk } = this.#parts;
    if (disk.device === '') disk.device = mintDevice();
    const opening = await this.#memory.open(() => disk.device);
    if (!this.#isReplayed) {
      this.#isReplayed = true;
      for (const step of disk.steps) void ('write' in step ? this.#memory.append(step.write) : this.#memory.commit(step.changes));
      return this.open(mintDevice);
    }
    await this.#soon();
    return opening;
  }

  async load(document: DocumentId): Promise<StoredDocument> {
    const loaded = await this.#memory.load(document);
    await this.#soon();
    return loaded;
  }

  async append(write: NewWrite): Promise<number> {
    const { random, fullShare, onAppend } = this.#parts;
    onAppend(write);
    if (random.chance(fullShare)) {
      await this.#soon();
      throw new AnabranchError('store_full', 'the disk of the device is full');
    }
    const place = this.#memory.append(write);
    await this.#kept({ write });
    return place;
  }

  async pendingAfter(n: number): Promise<readonly PendingWrite[]> {
    const pending = await this.#memory.pendingAfter(n);
    await this.#soon();
    return pending;
  }

  async commit(changes: readonly StoreChange[]): Promise<void> {
    const { failShare, onFailed } = this.#parts;
    if (this.#failures.chance(failShare)) {
      await this.#soon();
      onFailed();
      throw new AnabranchError('store_failed', 'the disk of the device failed once');
    }
    void this.#memory.commit(changes);
    await this.#kept({ changes });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #kept(step: Step): Promise<void> {
    const { disk } = this.#parts;
    disk.begin(step);
    await this.#soon();
    disk.keepNext();
  }

  /** In the order in which it is asked. */
  #soon(): Promise<void> {
    const { clock, random } = this.#parts;
    const nowMs = clock.monotonicMs();
    this.#lastMs = Math.max(this.#lastMs + 1e-6, nowMs + (random.u32() / 2 ** 32) * keepMsMax);
    return new Promise((resolve) => void clock.setTimer(this.#lastMs - nowMs, resolve));
  }
}
