import { useEffect, useState } from 'react';
import { useMesh } from '../mesh/use-mesh.ts';
import { LineChart } from './line-chart.tsx';

const conflictsEveryMs = 5_000;

export function ChartsView() {
  const { series } = useMesh();
  const conflicts = useConflictCount();
  return (
    <section className="panel" aria-labelledby="charts">
      <header>
        <h2 id="charts">Lag and throughput</h2>
        <p className="fact">
          Conflicts that stand: <b>{conflicts ?? '…'}</b>
        </p>
      </header>
      <div className="charts">
        <LineChart title="Missed ops" unit="from > at" times={series.times} lines={series.lagOps} />
        <LineChart title="Age of what is known" unit="seconds, from > at" times={series.times} lines={series.lagSeconds} />
        <LineChart title="Accepted" unit="ops per second" times={series.times} lines={series.opsPerSecond} />
      </div>
    </section>
  );
}

/** Of all collections, as the first region that answers has them. */
function useConflictCount(): number | undefined {
  const { regions } = useMesh();
  const answering = regions.find(({ status, error }) => status !== undefined && error === undefined);
  const api = answering?.api;
  const collections = (answering?.status?.typedCollections ?? []).join();
  const [count, setCount] = useState<number>();
  useEffect(() => {
    if (api === undefined || collections === '') return;
    let isCurrent = true;
    const look = async (): Promise<void> => {
      const found = await Promise.all(collections.split(',').map((collection) => api.conflicts(collection).catch(() => [])));
      if (isCurrent) setCount(found.flat().filter(({ status }) => status === 'standing').length);
    };
    void look();
    const timer = setInterval(() => void look(), conflictsEveryMs);
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
  }, [api, collections]);
  return count;
}
