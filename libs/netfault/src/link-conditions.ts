import { AnabranchError } from '@anabranch/base';

export type LinkState = 'up' | 'cut';

/** One way over a link: `a` is the side that dials, `b` the target. */
export type OneWay = 'a-to-b' | 'b-to-a';
export type LinkDirection = OneWay | 'both';

/** What one way of a link does to the bytes on it. */
export interface LinkConditions {
  /** `cut` is a blackhole: bytes stop, nothing is closed, and what was sent arrives after the heal. */
  readonly state: LinkState;
  /** One-way delay, 0 to {@link delayMsMax}. A change applies to bytes already on the way, too. */
  readonly delayMs: number;
  /** Each chunk is delayed by up to this much more, 0 to {@link delayMsMax}; the order of bytes never changes. */
  readonly jitterMs: number;
  /** Bytes per second over all connections of the link this way, at least 1; null is unlimited. */
  readonly bytesPerSecondMax: number | null;
}

/** A minute: more than any path on Earth, and short enough that a typing error heals by itself. */
export const delayMsMax = 60_000;

export const directConditions: LinkConditions = { state: 'up', delayMs: 0, jitterMs: 0, bytesPerSecondMax: null };

/**
 * The conditions after a partial change.
 * @throws AnabranchError `value_invalid` naming the first member that is out of range; nothing has changed then.
 */
export function changeConditions(now: LinkConditions, change: Partial<LinkConditions>): LinkConditions {
  const next = { ...now, ...change };
  if (next.state !== 'up' && next.state !== 'cut') throw invalid('state', 'is "up" or "cut"');
  if (!isDelay(next.delayMs)) throw invalid('delayMs', `is a number of milliseconds from 0 to ${delayMsMax}`);
  if (!isDelay(next.jitterMs)) throw invalid('jitterMs', `is a number of milliseconds from 0 to ${delayMsMax}`);
  const rate = next.bytesPerSecondMax;
  if (rate !== null && !(Number.isFinite(rate) && rate >= 1)) throw invalid('bytesPerSecondMax', 'is at least 1, or null');
  return next;
}

function isDelay(value: number): boolean {
  return Number.isFinite(value) && value >= 0 && value <= delayMsMax;
}

function invalid(member: string, rule: string): AnabranchError {
  return new AnabranchError('value_invalid', `${member} ${rule}`, { member });
}
