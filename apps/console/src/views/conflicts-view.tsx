import { useState } from 'react';
import type { ConflictView } from '../api/region-api.ts';
import { cityOf } from '../mesh/places.ts';
import { useConflicts } from './use-conflicts.ts';

const everyMs = 2_000;

/** What concurrent writes took from each other, and the way back. */
export function ConflictsView() {
  const { region, conflicts, error, refresh } = useConflicts(everyMs);
  const [outcome, setOutcome] = useState('');
  const restore = async (conflict: ConflictView): Promise<void> => {
    if (region === undefined) return;
    try {
      await region.api.restore(conflict);
      setOutcome(`${JSON.stringify(conflict.loser.value)} is back at ${conflict.document} ${conflict.path}`);
    } catch (error) {
      setOutcome(error instanceof Error ? `not restored: ${error.message}` : 'not restored');
    }
    refresh();
  };
  return (
    <section className="panel" aria-labelledby="conflicts">
      <header>
        <h2 id="conflicts">Conflict journal</h2>
        <p className="fact">Both values of every concurrent overwrite, the same in every region.</p>
      </header>
      {region === undefined && <p className="hint">No region answers.</p>}
      <p role="status" className="fact">
        {outcome}
      </p>
      {region !== undefined && conflicts === undefined && error === undefined && <p className="hint">The journal is loading.</p>}
      {region !== undefined && error !== undefined && <p className="alarm">{`${cityOf(region.name)}: ${error.message} (${error.code})`}</p>}
      {region !== undefined && conflicts?.length === 0 && <p className="hint">No value was lost to a concurrent one.</p>}
      <ul className="conflicts">
        {(conflicts ?? []).map((conflict) => (
          <li key={conflict.id} className="card">
            <h3>
              <code>{`${conflict.document} ${conflict.path}`}</code> <span className="badge">{conflict.status}</span>
            </h3>
            <p>
              {cityOf(conflict.winner.region)} wrote <b>{JSON.stringify(conflict.winner.value)}</b>,
              {conflict.status === 'standing' ? ' which is shown; ' : ' which won, and was overwritten since; '}
              {cityOf(conflict.loser.region)} wrote <b>{JSON.stringify(conflict.loser.value)}</b> at the same time. Rule: {conflict.rule}.
            </p>
            <button type="button" disabled={conflict.status !== 'standing'} onClick={() => void restore(conflict)}>
              Restore {JSON.stringify(conflict.loser.value)}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
