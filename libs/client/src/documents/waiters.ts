import type { AnabranchError, Clock } from '@anabranch/base';

/** Who waits for one thing to happen, each no longer than it likes. */
export class Waiters {
  readonly #waiting = new Set<(error: AnabranchError | undefined) => void>();

  /** Resolves when it has happened. Rejects with `late()` after `waitMs`, never when that is left out; and as {@link end} says. */
  wait(clock: Clock, waitMs: number | undefined, late: () => AnabranchError): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error: AnabranchError | undefined): void => {
        timer?.cancel();
        this.#waiting.delete(end);
        if (error === undefined) resolve();
        else reject(error);
      };
      const timer = waitMs === undefined ? undefined : clock.setTimer(waitMs, () => end(late()));
      this.#waiting.add(end);
    });
  }

  /** It has happened, or never will for this reason. */
  end(error?: AnabranchError): void {
    for (const end of [...this.#waiting]) end(error);
  }
}
