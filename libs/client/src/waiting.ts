import type { Clock } from '@anabranch/base';

/** Resolves when something is so, which is asked whenever the listeners are called. */
export function whenSo(listeners: Set<() => void>, isSo: () => boolean): Promise<void> {
  if (isSo()) return Promise.resolve();
  return new Promise((resolve) => {
    const listener = (): void => {
      if (!isSo()) return;
      listeners.delete(listener);
      resolve();
    };
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
