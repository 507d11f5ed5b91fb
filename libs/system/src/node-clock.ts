import { assert, type Clock, type Timer } from '@anabranch/base';

/** The longest delay Node's timers take; a longer one would fire at once. */
const timerMsMax = 0x7fff_ffff;

/** The clock of this process. A pending timer keeps the process alive until it fires or is cancelled. */
export class NodeClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  setTimer(afterMs: number, callback: () => void): Timer {
    assert(afterMs >= 0 && afterMs <= timerMsMax, () => `a timer of ${afterMs} ms`);
    const handle = setTimeout(callback, afterMs);
    return { cancel: () => clearTimeout(handle) };
  }
}
