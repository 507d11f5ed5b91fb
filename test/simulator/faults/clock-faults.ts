// Wall clocks that are wrong: by a step of milliseconds to an hour, by running fast or slow, by standing still.

import type { SeededRandom } from '../seeded-random.ts';
import type { RegionHost } from '../world/region-host.ts';
import type { FaultEvent, FaultHolder } from './fault-event.ts';

export function clockStepMs(random: SeededRandom): number {
  return random.pick([50, 800, 20_000, 90_000, 3_600_000]) * random.pick([1, -1]);
}

export function disturbClock(host: RegionHost, fault: FaultEvent, random: SeededRandom, holder: FaultHolder): boolean {
  host.clock.setPace(fault.kind === 'clock_freeze' ? 0 : random.pick([0.7, 0.99, 1.01, 1.5]));
  holder.hold(() => {
    // A clock that was wrong is corrected by a step, or goes on from where it is.
    if (random.chance(0.5)) host.clock.correct();
    else host.clock.setPace(1);
  }, fault.durationMs);
  return true;
}
