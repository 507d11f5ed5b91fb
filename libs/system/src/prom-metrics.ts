// Measurements for Prometheus: the Metrics port over a registry of its own, filled from the metric table. Gauges are not
// kept up to date; sources give their values when the registry is read.
//
// Invariant 1: only names of the metric table exist, each with its own kind of measurement.

import { assert, type MetricLabels, type Metrics } from '@anabranch/base';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type MetricSpec, metricTable } from './metric-table.ts';

/** The present value of a gauge. */
export interface GaugeSample {
  readonly name: string;
  readonly value: number;
  readonly labels?: MetricLabels;
}

type Instrument = Counter | Gauge | Histogram;

export class PromMetrics implements Metrics {
  /** Of the text that {@link read} gives. */
  readonly contentType: string;
  readonly #registry = new Registry();
  readonly #instruments: ReadonlyMap<string, Instrument>;
  readonly #gaugeSources: Array<() => Iterable<GaugeSample>> = [];

  constructor() {
    this.contentType = this.#registry.contentType;
    collectDefaultMetrics({ register: this.#registry });
    this.#instruments = new Map(Object.entries(metricTable).map(([name, spec]) => [name, this.#create(name, spec)]));
  }

  count(name: string, labels: MetricLabels = {}, by = 1): void {
    const counter = this.#instruments.get(name);
    assert(counter instanceof Counter, () => `no counter is named ${name}`);
    counter.inc(labels, by);
  }

  observe(name: string, value: number, labels: MetricLabels = {}): void {
    const histogram = this.#instruments.get(name);
    assert(histogram instanceof Histogram, () => `no histogram is named ${name}`);
    histogram.observe(labels, value);
  }

  /** `source` is called whenever the metrics are read; a series it no longer names disappears. */
  addGaugeSource(source: () => Iterable<GaugeSample>): void {
    this.#gaugeSources.push(source);
  }

  /** The exposition text. */
  async read(): Promise<string> {
    for (const instrument of this.#instruments.values()) if (instrument instanceof Gauge) instrument.reset();
    for (const source of this.#gaugeSources) {
      for (const { name, value, labels = {} } of source()) {
        const gauge = this.#instruments.get(name);
        assert(gauge instanceof Gauge, () => `no gauge is named ${name}`);
        gauge.set(labels, value);
      }
    }
    return await this.#registry.metrics();
  }

  #create(name: string, spec: MetricSpec): Instrument {
    const common = { name, help: spec.help, labelNames: spec.labels, registers: [this.#registry] };
    if (spec.type === 'counter') return new Counter(common);
    if (spec.type === 'gauge') return new Gauge(common);
    return new Histogram({ ...common, buckets: [...spec.buckets] });
  }
}
