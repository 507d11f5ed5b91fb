import { useState } from 'react';
import { type LoadView, worldApi } from '../api/world-api.ts';
import { type Act, useAct } from '../mesh/use-act.ts';
import { useMesh } from '../mesh/use-mesh.ts';
import { NumberForm } from './number-form.tsx';

/** Writes of all regions together in a second that the demo world takes. */
const rateBounds = { min: 1, max: 60 } as const;
const minutesChoices = [1, 5, 10] as const;

/** Has the demo world write carts in every region for a while, to have something to look at. */
export function LoadPanel({ act }: { readonly act: Act }) {
  const { load } = useMesh();
  const [minutes, setMinutes] = useState<number>(minutesChoices[0]);
  const isRunning = load?.isRunning === true;
  return (
    <article className="card" aria-label="Load">
      <h3>
        Load <span className={`badge ${isRunning ? 'good' : ''}`}>{isRunning ? leftText(load) : 'off'}</span>
      </h3>
      <NumberForm
        label="Writes per second"
        bounds={rateBounds}
        initial={15}
        onSubmit={(rate) => act(() => worldApi.startLoad(rate, minutes * 60))}
      >
        <label>
          Minutes
          <select value={minutes} onChange={(event) => setMinutes(Number(event.target.value))}>
            {minutesChoices.map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
          </select>
        </label>
        <button type="submit" disabled={isRunning}>
          Start
        </button>
        <button type="button" disabled={!isRunning} onClick={() => act(() => worldApi.stopLoad())}>
          Stop
        </button>
      </NumberForm>
      <p className="fact">
        {load?.written ?? 0} written, {load?.failed ?? 0} without success. It goes on when this page is left.
      </p>
    </article>
  );
}

/** Says on every view that the numbers are those of a load. */
export function LoadNotice() {
  const { load } = useMesh();
  const { act, failure } = useAct();
  if (load?.isRunning !== true) return null;
  return (
    <p className="notice load-notice">
      <span>
        Load is on: {load.opsPerSecond} writes a second, {leftText(load)}. {failure}
      </span>
      <button type="button" onClick={() => act(() => worldApi.stopLoad())}>
        Stop the load
      </button>
    </p>
  );
}

function leftText({ leftMs }: LoadView): string {
  const seconds = Math.ceil(leftMs / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`;
}
