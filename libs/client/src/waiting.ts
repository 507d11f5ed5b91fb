import type { Clock } from '@anabranch/base';

export interface Waiting {
  readonly clock: Clock;
  /** Called whenever it may have become so. */
  readonly listeners: Set<() => void>;
  readonly timeMs: number;
}

/** Whether something becomes so in time. Nothing is left of a waiting that has ended, in time or not. */
export function becomesSo(isSo: () => boolean, { clock, listeners, timeMs }: Waiting): Promise<boolean> {
  if (isSo()) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (isInTime: boolean): void => {
      listeners.delete(listener);
      timer.cancel();
      resolve(isInTime);
    };
    const listener = (): void => {
      if (isSo()) end(true);
    };
    const timer = clock.setTimer(Math.max(0, timeMs), () => end(false));
    listeners.add(listener);
  });
}

/** Whether something happens in time. */
export function within(clock: Clock, timeMs: number, event: Promise<void>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(Math.max(0, timeMs), () => resolve(false));
    event.then(() => resolve(true), reject).finally(() => timer.cancel());
  });
}
