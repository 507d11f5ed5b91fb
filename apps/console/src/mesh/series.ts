// The last minutes as numbers, for the charts: a bounded window of samples, one for each second.

import type { RegionStatus } from '../api/region-api.ts';
import { pairLags, regionOf } from './lag.ts';

/** Samples that are kept: three minutes. Older ones are dropped. */
export const samplesMax = 180;

/** A line of a chart: a value, or a gap, for each sample. */
export type Line = readonly (number | null)[];

export interface Series {
  /** Seconds, by the page's clock. */
  readonly times: readonly number[];
  /** By the names of the regions: `from > at`. */
  readonly lagOps: ReadonlyMap<string, Line>;
  readonly lagSeconds: ReadonlyMap<string, Line>;
  /** Ops that each region accepted in the second before, by region. */
  readonly opsPerSecond: ReadonlyMap<string, Line>;
  /** The ops that each region had accepted, to find the rate. */
  readonly accepted: ReadonlyMap<string, number>;
}

export const emptySeries: Series = { times: [], lagOps: new Map(), lagSeconds: new Map(), opsPerSecond: new Map(), accepted: new Map() };

export interface Sampled {
  readonly name: string;
  readonly status: RegionStatus | undefined;
  readonly heardMs: number | undefined;
}

/** Age from which the last status of a region makes a gap. */
const staleMs = 3_000;

export function addSample(series: Series, regions: readonly Sampled[], nowMs: number): Series {
  const fresh = regions.flatMap(({ status, heardMs }) =>
    status !== undefined && heardMs !== undefined && nowMs - heardMs < staleMs ? [status] : [],
  );
  const lags = pairLags(fresh);
  const pairs = regions.flatMap(({ name: from }) => regions.filter(({ name }) => name !== from).map(({ name: at }) => `${from} > ${at}`));
  const ofPair = (pick: (lag: (typeof lags)[number]) => number) => {
    const values = new Map(lags.map((lag) => [`${lag.from} > ${lag.at}`, pick(lag)]));
    return new Map(pairs.map((pair) => [pair, values.get(pair) ?? null]));
  };
  const accepted = new Map(fresh.map((status) => [status.region, acceptedBy(status)]));
  const lastMs = (series.times.at(-1) ?? nowMs / 1_000) * 1_000;
  const seconds = Math.max(0.2, (nowMs - lastMs) / 1_000);
  const rates = new Map(
    regions.map(({ name }) => {
      const [now, before] = [accepted.get(name), series.accepted.get(name)];
      return [name, now === undefined || before === undefined ? null : Math.max(0, Math.round((now - before) / seconds))];
    }),
  );
  return {
    times: [...series.times, nowMs / 1_000].slice(-samplesMax),
    lagOps: extend(
      series.lagOps,
      ofPair(({ ops }) => ops),
      series.times.length,
    ),
    lagSeconds: extend(
      series.lagSeconds,
      ofPair(({ ms }) => Math.round(ms) / 1_000),
      series.times.length,
    ),
    opsPerSecond: extend(series.opsPerSecond, rates, series.times.length),
    accepted: new Map([...series.accepted, ...accepted]),
  };
}

function acceptedBy({ region, versionVector }: RegionStatus): number {
  let ops = 0;
  for (const [origin, seq] of versionVector) if (regionOf(origin) === region) ops += seq;
  return ops;
}

/** A line that begins later has gaps before. */
function extend(lines: ReadonlyMap<string, Line>, values: ReadonlyMap<string, number | null>, length: number): Map<string, Line> {
  return new Map(
    [...values].map(([name, value]) => {
      const before = lines.get(name) ?? new Array<null>(length).fill(null);
      return [name, [...before, value].slice(-samplesMax)];
    }),
  );
}
