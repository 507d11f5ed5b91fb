import { describe, expect, test } from 'vitest';
import { PromMetrics } from './index.ts';
import { metricTable } from './metric-table.ts';

describe('the metrics', () => {
  test('counts, observes and reads gauges at the moment of the scrape', async () => {
    const metrics = new PromMetrics();
    let links = ['tokyo', 'berlin'];
    metrics.addGaugeSource(() => links.map((peer) => ({ name: 'anabranch_link_connected', value: 1, labels: { peer } })));
    metrics.count('anabranch_http_refusals_total', { code: 'op_invalid' });
    metrics.count('anabranch_http_refusals_total', { code: 'op_invalid' }, 2);
    metrics.observe('anabranch_http_request_duration_seconds', 0.02, { route: '/livez', method: 'GET', status: '200' });

    const text = await metrics.read();
    expect(text).toContain('anabranch_http_refusals_total{code="op_invalid"} 3');
    expect(text).toContain('anabranch_http_request_duration_seconds_bucket{le="0.025",route="/livez",method="GET",status="200"} 1');
    expect(text).toContain('anabranch_link_connected{peer="berlin"} 1');
    expect(text).toContain('nodejs_eventloop_lag_seconds');

    links = ['tokyo'];
    expect(await metrics.read()).not.toContain('peer="berlin"');
  });

  test('an unknown name, or the wrong kind of measurement, is a programmer error', async () => {
    const metrics = new PromMetrics();
    expect(() => metrics.count('nobody_declared_this_total')).toThrow('no counter is named nobody_declared_this_total');
    expect(() => metrics.observe('anabranch_http_refusals_total', 1)).toThrow('no histogram is named');
    metrics.addGaugeSource(() => [{ name: 'anabranch_http_refusals_total', value: 1 }]);
    await expect(metrics.read()).rejects.toThrow('no gauge is named');
  });

  test('names follow the conventions: a prefix, base units, _total for counters', () => {
    for (const [name, { type, help }] of Object.entries(metricTable)) {
      expect(name).toMatch(/^anabranch_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(name).not.toMatch(/_(ms|millis|kb)/);
      expect(help).toMatch(/\.$/);
    }
  });
});
