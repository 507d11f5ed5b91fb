// Examines large updates of untrusted senders in a thread of its own, so that the region serves everybody else meanwhile.
// It stands between the replica, which asks, and a thread that may take long, run out of memory or die.
//
//   examine --> waiting --the thread is free--> examined --finding--> answered
//                                                  |
//                                                  +--too long, thread died--> refused; the next case gets a new thread
//
// Invariant 1: one case is examined at a time, in the order of asking; a session asks one at a time.
// Invariant 2: what waits is bounded; beyond, `overloaded`.
// Invariant 3: without cases there is no thread for longer than `idleMsMax`: it takes 50 MB.

import { Worker } from 'node:worker_threads';
import { AnabranchError, type Clock, type Logger, type Timer } from '@anabranch/base';
import type { InspectionCase, InspectionFinding } from '@anabranch/crdt';

export const examinerLimits = {
  /** A case that takes longer is refused with `request_too_large`. */
  examineMsMax: 30_000,
  /** Cases that wait or are examined; beyond, `overloaded`. */
  casesMax: 64,
  /** Their bytes; beyond, `overloaded`. */
  caseBytesMax: 128 << 20,
  /** Heap of the thread, in MiB, beside the memory of the merge library; a case that needs more is `request_too_large`. */
  heapMebibytesMax: 512,
  /** A thread without work for so long is ended. */
  idleMsMax: 30_000,
} as const;

interface WaitingCase {
  readonly inspectionCase: InspectionCase;
  readonly bytes: number;
  readonly resolve: (finding: InspectionFinding) => void;
  readonly reject: (error: AnabranchError) => void;
}

export class WorkerExaminer {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #script: URL;
  readonly #waiting: WaitingCase[] = [];
  #examined: WaitingCase | undefined;
  #worker: Worker | undefined;
  #timer: Timer | undefined;
  #bytes = 0;
  #isStopped = false;

  constructor({ clock, logger, script }: { clock: Clock; logger: Logger; script: URL }) {
    this.#clock = clock;
    this.#logger = logger;
    this.#script = script;
  }

  /** @throws AnabranchError `overloaded`, `request_too_large`, `not_ready`. */
  examine(inspectionCase: InspectionCase): Promise<InspectionFinding> {
    if (this.#isStopped) return Promise.reject(stopping());
    const bytes = inspectionCase.state.length + inspectionCase.update.length;
    const cases = this.#waiting.length + (this.#examined === undefined ? 0 : 1);
    if (cases >= examinerLimits.casesMax || this.#bytes + bytes > examinerLimits.caseBytesMax) {
      return Promise.reject(new AnabranchError('overloaded', 'too many large updates wait to be examined'));
    }
    return new Promise((resolve, reject) => {
      this.#bytes += bytes;
      this.#waiting.push({ inspectionCase, bytes, resolve, reject });
      this.#evaluate();
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    const refused = [...(this.#examined === undefined ? [] : [this.#examined]), ...this.#waiting.splice(0)];
    this.#examined = undefined;
    for (const waiting of refused) this.#settle(waiting, stopping());
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  /** Decides what happens next, after anything changed. */
  #evaluate(): void {
    if (this.#examined !== undefined) return;
    this.#timer?.cancel();
    this.#examined = this.#waiting.shift();
    if (this.#examined === undefined) {
      this.#timer = this.#clock.setTimer(examinerLimits.idleMsMax, () => this.#endWorker());
      return;
    }
    try {
      this.#worker ??= this.#startWorker();
      this.#worker.postMessage(this.#examined.inspectionCase);
    } catch (error) {
      this.#giveUp(String(error));
      return;
    }
    this.#timer = this.#clock.setTimer(examinerLimits.examineMsMax, () => this.#giveUp('it took too long'));
  }

  #startWorker(): Worker {
    const worker = new Worker(this.#script, { resourceLimits: { maxOldGenerationSizeMb: examinerLimits.heapMebibytesMax } });
    const isCurrent = (): boolean => this.#worker === worker;
    worker.on('message', (finding: InspectionFinding) => {
      if (isCurrent()) this.#conclude(finding);
    });
    worker.on('error', (error) => {
      if (isCurrent()) this.#giveUp(String(error));
    });
    worker.on('exit', (code) => {
      if (isCurrent()) this.#giveUp(`the thread ended with code ${code}`);
    });
    return worker;
  }

  #giveUp(reason: string): void {
    this.#logger.error('inspection.given_up', { reason });
    this.#endWorker();
    this.#conclude(new AnabranchError('request_too_large', `the update could not be examined: ${reason}`));
  }

  #endWorker(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }

  #conclude(outcome: InspectionFinding | AnabranchError): void {
    const examined = this.#examined;
    this.#examined = undefined;
    if (examined !== undefined) this.#settle(examined, outcome);
    this.#evaluate();
  }

  #settle({ bytes, resolve, reject }: WaitingCase, outcome: InspectionFinding | AnabranchError): void {
    this.#bytes -= bytes;
    if (outcome instanceof AnabranchError) reject(outcome);
    else resolve(outcome);
  }
}

function stopping(): AnabranchError {
  return new AnabranchError('not_ready', 'the region is stopping');
}
