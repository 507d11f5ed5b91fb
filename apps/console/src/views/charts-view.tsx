import { useMesh } from '../mesh/use-mesh.ts';
import { LineChart } from './line-chart.tsx';
import { useConflicts } from './use-conflicts.ts';

const conflictsEveryMs = 5_000;

export function ChartsView() {
  const { series } = useMesh();
  const standing = useConflicts(conflictsEveryMs).conflicts?.filter(({ status }) => status === 'standing').length;
  return (
    <section className="panel" aria-labelledby="charts">
      <header>
        <h2 id="charts">Lag and throughput</h2>
        <p className="fact">
          Conflicts that stand: <b>{standing ?? '…'}</b>
        </p>
      </header>
      <div className="charts">
        <LineChart
          title="Missed ops"
          unit="first → second"
          about="Writes of the first region that the second does not have yet."
          times={series.times}
          lines={series.lagOps}
        />
        <LineChart
          title="Age of the last news"
          unit="seconds, first → second"
          about="How long ago the second region last knew that it had all of the first. It grows while it does not hear it."
          times={series.times}
          lines={series.lagSeconds}
        />
        <LineChart
          title="Accepted"
          unit="ops per second"
          about="Writes that each region took from those who are connected to it."
          times={series.times}
          lines={series.opsPerSecond}
        />
      </div>
    </section>
  );
}
