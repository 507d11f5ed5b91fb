import { newestSeqs } from '../mesh/lag.ts';
import type { RegionView } from '../mesh/mesh-monitor.ts';
import { cityOf } from '../mesh/places.ts';
import { stateOf } from '../mesh/region-state.ts';
import { useMesh, useNowMs } from '../mesh/use-mesh.ts';

/** Who is in the mesh: origins with their epochs, vectors, links. */
export function MembersView() {
  const { regions } = useMesh();
  const newest = newestSeqs(regions.flatMap(({ status }) => (status === undefined ? [] : [status])));
  return (
    <section className="panel" aria-labelledby="members">
      <header>
        <h2 id="members">Members</h2>
      </header>
      <div className="cards">
        {regions.map((region) => (
          <Member key={region.name} region={region} newest={newest} />
        ))}
      </div>
    </section>
  );
}

function Member({ region, newest }: { readonly region: RegionView; readonly newest: ReadonlyMap<string, number> }) {
  const nowMs = useNowMs();
  const state = stateOf(region, nowMs);
  const { status, heardMs } = region;
  const isStale = heardMs !== undefined && nowMs - heardMs > 3_500;
  return (
    <article className={isStale ? 'card stale' : 'card'} aria-label={cityOf(region.name)}>
      <h3>
        {cityOf(region.name)} <span className={`badge ${state.tone}`}>{state.name}</span>
      </h3>
      <p className="fact">{isStale && heardMs !== undefined ? `as it was ${Math.round((nowMs - heardMs) / 1_000)} s ago` : state.why}</p>
      {status !== undefined && (
        <>
          <dl>
            <dt>Origin and epoch</dt>
            <dd>
              <code>{status.origin}</code>
            </dd>
            <dt>Sessions, loaded documents</dt>
            <dd>
              {status.sessions}, {status.documentsLoaded}
            </dd>
          </dl>
          <table>
            <caption>Version vector</caption>
            <thead>
              <tr>
                <th scope="col">origin</th>
                <th scope="col">seq</th>
                <th scope="col">missed</th>
              </tr>
            </thead>
            <tbody>
              {[...newest.keys()].sort().map((origin) => {
                const seq = status.versionVector.get(origin) ?? 0;
                return (
                  <tr key={origin}>
                    <td>
                      <code>{origin}</code>
                    </td>
                    <td>{seq}</td>
                    <td>{(newest.get(origin) ?? 0) - seq}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
          <ul className="plain">
            {status.peers.map((peer) => (
              <li key={peer.region}>
                {cityOf(peer.region)}: <span className={`badge ${peer.linkState === 'connected' ? 'good' : 'bad'}`}>{peer.linkState}</span>{' '}
                {peer.roundTripMs === undefined ? '' : `${Math.round(peer.roundTripMs)} ms round trip, `}
                {peer.unacknowledgedOps} not acknowledged
              </li>
            ))}
          </ul>
          {status.quarantinedOrigins.length > 0 && <p className="alarm">Quarantined: {status.quarantinedOrigins.join(', ')}</p>}
        </>
      )}
    </article>
  );
}
