// What an application on a device has regions do themselves. Each submission counts one, under a mark of its own, in every document that
// it names: how often it took effect is there to be read. It is kept beyond the process as long as its outcome is unknown and its
// key is known, and is then asked for again.

import { type Clock, isAnabranchError } from '@anabranch/base';
import type { Client } from '@anabranch/client';
import type { DocumentOp } from '@anabranch/crdt';
import type { Sometimes } from '../run/sometimes.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { depots } from '../world/collections.ts';
import { countPathOf } from './device-history.ts';
import type { BegunSubmission, DeviceRecorder } from './device-recorder.ts';

export interface SubmitterParts {
  /** Of the device. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly recorder: DeviceRecorder;
  readonly sometimes: Sometimes;
}

interface Unresolved {
  readonly submission: BegunSubmission;
  readonly retryKey: string;
}

const repeatShare = 0.5;
const timeoutsMs = [600, 2_500, 10_000] as const;
/** With less time left, or about so, a client asks no other region. */
const leftMsMin = 250;

export class Submitter {
  readonly #parts: SubmitterParts;
  readonly #unresolved: Unresolved[] = [];
  #marks = 0;

  constructor(parts: SubmitterParts) {
    this.#parts = parts;
  }

  /** A new one, or one of which the outcome is unknown. */
  async submit(client: Client, isClosed: () => boolean): Promise<void> {
    const { random, sometimes, clock } = this.#parts;
    const known = this.#unresolved.length > 0 && random.chance(repeatShare) ? random.pick(this.#unresolved) : undefined;
    if (known !== undefined) sometimes.hit('device_submission_repeated');
    const submission = known?.submission ?? this.#begin();
    const { recorder } = this.#parts;
    const isAlone = (): boolean => {
      const { wantedRegion, isOffline, regions } = client.status;
      return wantedRegion !== 'nearest' || isOffline || regions.filter(({ isReachable }) => isReachable !== false).length < 2;
    };
    const wasAlone = isAlone();
    const options = { timeoutMs: random.pick(timeoutsMs), ...(known && { retryKey: known.retryKey }) };
    const untilMs = clock.monotonicMs() + options.timeoutMs - leftMsMin;
    try {
      const { opId } = await client.submit(submission.writes, options);
      sometimes.hit('device_submitted');
      recorder.submitted(submission, { outcome: 'done', opId });
      this.#resolve(submission);
    } catch (error) {
      if (!isAnabranchError(error)) throw error;
      const { code, details } = error;
      if (code !== 'outcome_unknown') {
        const isBound = known !== undefined || wasAlone || isAlone() || isClosed() || clock.monotonicMs() > untilMs;
        recorder.submitted(submission, { outcome: 'refused', code, isBound });
        this.#resolve(submission);
      } else if (!this.#unresolved.some((other) => other.submission === submission)) {
        this.#unresolved.push({ submission, retryKey: String(details['retryKey']) });
      }
    }
  }

  #begin(): BegunSubmission {
    const { random, recorder, name } = this.#parts;
    this.#marks += 1;
    const mark = `${name}-s${this.#marks}`;
    const first = random.pick(depots);
    const second = random.chance(0.3) ? random.pick(depots.filter((depot) => depot !== first)) : undefined;
    const writes = [first, ...(second === undefined ? [] : [second])].map((document) => ({ document, ops: this.#ops(mark) }));
    return recorder.submits(name, mark, writes);
  }

  #ops(mark: string): readonly DocumentOp[] {
    const { random } = this.#parts;
    const by = 1 + random.below(4);
    return [
      { op: 'increment', path: countPathOf(mark), by: 1 },
      { op: random.chance(0.4) ? 'decrement' : 'increment', path: '/stock', by },
    ];
  }

  #resolve(submission: BegunSubmission): void {
    const at = this.#unresolved.findIndex((other) => other.submission === submission);
    if (at >= 0) this.#unresolved.splice(at, 1);
  }
}
