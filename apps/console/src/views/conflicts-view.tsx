import { useEffect, useState } from 'react';
import type { ConflictView } from '../api/region-api.ts';
import type { RegionView } from '../mesh/mesh-monitor.ts';
import { cityOf } from '../mesh/places.ts';
import { useMesh } from '../mesh/use-mesh.ts';
import { useAnswer } from './use-answer.ts';

/** What concurrent writes took from each other, and the way back. */
export function ConflictsView() {
  const { regions } = useMesh();
  const region = regions.find(({ status, error }) => status !== undefined && error === undefined);
  const collections = (region?.status?.typedCollections ?? []).join();
  return (
    <section className="panel" aria-labelledby="conflicts">
      <header>
        <h2 id="conflicts">Conflict journal</h2>
        <p className="fact">Both values of every concurrent overwrite, the same in every region.</p>
      </header>
      {region === undefined ? (
        <p className="hint">No region answers.</p>
      ) : (
        <Journal key={`${region.name} ${collections}`} region={region} collections={collections} />
      )}
    </section>
  );
}

function Journal({ region, collections }: { readonly region: RegionView; readonly collections: string }) {
  const { value, refresh } = useAnswer(collections, async () => {
    const found = await Promise.all(collections.split(',').map((collection) => region.api.conflicts(collection).catch(() => [])));
    return found.flat();
  });
  useEffect(() => {
    const timer = setInterval(refresh, 2_000);
    return () => clearInterval(timer);
  }, [refresh]);
  const [outcome, setOutcome] = useState('');
  const restore = async (conflict: ConflictView): Promise<void> => {
    try {
      await region.api.restore(conflict);
      setOutcome(`${JSON.stringify(conflict.loser.value)} is back at ${conflict.document} ${conflict.path}`);
    } catch (error) {
      setOutcome(error instanceof Error ? `not restored: ${error.message}` : 'not restored');
    }
    refresh();
  };
  return (
    <>
      <p role="status" className="fact">
        {outcome}
      </p>
      {value?.length === 0 && <p className="hint">No value was lost to a concurrent one.</p>}
      <ul className="conflicts">
        {(value ?? []).map((conflict) => (
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
    </>
  );
}
