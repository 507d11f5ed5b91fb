import { useEffect, useRef, useState } from 'react';
import { useMesh } from '../mesh/use-mesh.ts';

/** Writes of all regions together in a second, and seconds after which the load ends by itself. */
const opsPerSecondMax = 60;
const secondsMax = 60;

/** Writes carts in every region for a while, to have something to look at. It ends with the page at the latest. */
export function LoadPanel() {
  const { regions } = useMesh();
  const [rate, setRate] = useState(15);
  const [leftSeconds, setLeftSeconds] = useState(0);
  const [counts, setCounts] = useState({ written: 0, refused: 0 });
  const apis = useRef(regions.map(({ api }) => api));
  apis.current = regions.map(({ api }) => api);
  const isRunning = leftSeconds > 0;
  useEffect(() => {
    if (!isRunning) return;
    let written = 0;
    const write = (): void => {
      const api = apis.current[written % Math.max(1, apis.current.length)];
      written += 1;
      const ops = [{ op: 'increment', path: `/items/article-${written % 5}/qty`, by: 1 }];
      api?.edit(`carts/load-${written % 20}`, ops).then(
        () => setCounts((before) => ({ ...before, written: before.written + 1 })),
        () => setCounts((before) => ({ ...before, refused: before.refused + 1 })),
      );
    };
    const writing = setInterval(write, 1_000 / rate);
    const counting = setInterval(() => setLeftSeconds((left) => left - 1), 1_000);
    return () => {
      clearInterval(writing);
      clearInterval(counting);
    };
  }, [isRunning, rate]);
  return (
    <article className="card" aria-label="Load">
      <h3>
        Load <span className={`badge ${isRunning ? 'good' : ''}`}>{isRunning ? `${leftSeconds} s left` : 'off'}</span>
      </h3>
      <label>
        Writes per second
        <input type="number" min={1} max={opsPerSecondMax} value={rate} onChange={(event) => setRate(clamp(Number(event.target.value)))} />
      </label>
      <div className="ways">
        <button type="button" disabled={isRunning} onClick={() => setLeftSeconds(secondsMax)}>
          Start for {secondsMax} s
        </button>
        <button type="button" disabled={!isRunning} onClick={() => setLeftSeconds(0)}>
          Stop
        </button>
      </div>
      <p className="fact">
        {counts.written} written, {counts.refused} without an answer
      </p>
    </article>
  );
}

function clamp(rate: number): number {
  return Math.min(opsPerSecondMax, Math.max(1, Math.round(rate) || 1));
}
