import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { cityOf } from '../mesh/places.ts';
import type { Line } from '../mesh/series.ts';

export interface LineChartProps {
  readonly title: string;
  readonly unit: string;
  /** What is measured, in a sentence. */
  readonly about: string;
  readonly times: readonly number[];
  readonly lines: ReadonlyMap<string, Line>;
}

const height = 150;
/** Seconds that the axis shows at least: in the first ones it does not race. */
const secondsMin = 30;
const colours = ['--line-1', '--line-2', '--line-3', '--line-4', '--line-5', '--line-6'];

/** The last minutes of some measure, with the newest values as text beside it. */
export function LineChart({ title, unit, about, times, lines }: LineChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot | undefined>(undefined);
  const names = [...lines.keys()];
  const key = names.join('|');
  useEffect(() => {
    const target = box.current;
    if (target === null || key === '') return;
    const made = new UPlot(optionsOf(target, key.split('|')), [[]], target);
    chart.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: target.clientWidth, height }));
    observer.observe(target);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = undefined;
    };
  }, [key]);
  useEffect(() => {
    // Seconds before now, so that the axis reads as an age.
    const last = times.at(-1) ?? 0;
    const data = [times.map((time) => time - last), ...[...lines.values()].map((line) => [...line])];
    chart.current?.setData(data as UPlot.AlignedData);
  }, [times, lines]);
  return (
    <section className="chart" aria-label={`${title}, ${unit}`}>
      <h3>
        {title} <small>{unit}</small>
      </h3>
      <p className="fact">{about}</p>
      <div ref={box} className="chart-box" aria-hidden="true" />
      <ul className="legend">
        {names.map((name, at) => (
          <li key={name}>
            <span className={`swatch swatch-${at % colours.length}`} aria-hidden="true" />
            {labelOf(name)}: <b>{lines.get(name)?.at(-1) ?? '—'}</b>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** `from > at` are two regions. */
function labelOf(name: string): string {
  return name.split(' > ').map(cityOf).join(' → ');
}

function optionsOf(target: HTMLElement, names: readonly string[]): UPlot.Options {
  const style = getComputedStyle(target);
  const colour = (variable: string): string => style.getPropertyValue(variable).trim();
  const axis: UPlot.Axis = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui',
  };
  return {
    width: Math.max(200, target.clientWidth),
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: (_chart, min) => [Math.min(min, -secondsMin), 0] },
      y: { range: (_chart, _min, max) => [0, Math.max(1, max * 1.15)] },
    },
    axes: [
      {
        ...axis,
        incrs: [5, 10, 15, 30, 60],
        values: (_chart, ticks) => ticks.map((tick) => (tick === 0 ? 'now' : `${Math.round(tick)} s`)),
      },
      { ...axis, size: 44 },
    ],
    series: [
      {},
      ...names.map((label, at) => ({
        label,
        stroke: colour(colours[at % colours.length] ?? ''),
        width: 2,
        spanGaps: false,
        points: { show: false },
      })),
    ],
  };
}
