export type MetricLabels = Readonly<Record<string, string>>;

/** Measurements, as a port. Names are in base units; labels are few and never a document id. */
export interface Metrics {
  /** Adds `by` (default 1) to a counter. */
  count(name: string, labels?: MetricLabels, by?: number): void;
  /** Records one observation in a histogram. */
  observe(name: string, value: number, labels?: MetricLabels): void;
}

export const silentMetrics: Metrics = { count() {}, observe() {} };
