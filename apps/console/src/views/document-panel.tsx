import { useEffect, useRef, useState } from 'react';
import { differencesMax, differencesOf } from '../diff/json-diff.ts';
import type { RegionView } from '../mesh/mesh-monitor.ts';
import { cityOf } from '../mesh/places.ts';
import { useMesh } from '../mesh/use-mesh.ts';
import { useAnswer } from './use-answer.ts';

interface Copy {
  readonly region: RegionView;
  readonly json: unknown;
  readonly digest: string;
  readonly error: string | undefined;
}

const everyMs = 1_500;

/** One document as every region has it: digests, views side by side, the differences, the history. */
export function DocumentPanel({ name }: { readonly name: string }) {
  const copies = useCopies(name);
  const answering = copies.filter(({ error }) => error === undefined);
  const isEqual = new Set(answering.map(({ digest }) => digest)).size <= 1;
  const differences = isEqual ? [] : differencesOf(answering.map(({ json }) => json));
  const [isHistoryShown, setHistoryShown] = useState(false);
  const first = answering[0]?.region;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a narrow page it stands below the list.
    const top = panel.current?.getBoundingClientRect().top ?? 0;
    if (top > innerHeight / 2) panel.current?.scrollIntoView({ block: 'start' });
  }, []);
  return (
    <article ref={panel} className="document" aria-label={name}>
      <h3>
        <code>{name}</code>{' '}
        {answering.length > 0 && (
          <span className={`badge ${isEqual ? 'good' : 'warn'}`} role="status">
            {isEqual ? `equal digests in ${answering.length} regions` : 'regions differ'}
          </span>
        )}
      </h3>
      {differences.length > 0 && (
        <table className="diff">
          <caption>Where the regions differ</caption>
          <thead>
            <tr>
              <th scope="col">path</th>
              {answering.map(({ region }) => (
                <th scope="col" key={region.name}>
                  {cityOf(region.name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {differences.slice(0, differencesMax).map(({ path, values }) => (
              <tr key={path}>
                <th scope="row">
                  <code>{path}</code>
                </th>
                {answering.map(({ region }, at) => (
                  <td key={region.name}>
                    <code>{values[at] === undefined ? '—' : JSON.stringify(values[at])}</code>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div className="copies">
        {copies.map(({ region, json, digest, error }) => (
          <section
            key={region.name}
            className={error === undefined ? 'copy' : 'copy stale'}
            aria-label={`${name} in ${cityOf(region.name)}`}
          >
            <h4>{cityOf(region.name)}</h4>
            {error === undefined ? <code className="digest">{digest.slice(0, 16)}</code> : <p className="alarm">{error}</p>}
            <pre>{json === undefined ? '…' : JSON.stringify(json, null, 2)}</pre>
          </section>
        ))}
      </div>
      <button type="button" aria-expanded={isHistoryShown} onClick={() => setHistoryShown(!isHistoryShown)}>
        {isHistoryShown ? 'Hide history' : 'Show history'}
      </button>
      {isHistoryShown && first !== undefined && <History key={first.name} region={first} name={name} />}
    </article>
  );
}

function History({ region, name }: { readonly region: RegionView; readonly name: string }) {
  const { value, error } = useAnswer(name, () => region.api.history(name));
  if (error !== undefined) return <p className="alarm">{`${error.message} (${error.code})`}</p>;
  return (
    <ol className="history" aria-label={`History of ${name}, as ${cityOf(region.name)} has it`}>
      {(value ?? []).map(({ opId, region: author, time, changes }) => (
        <li key={opId}>
          <time dateTime={time}>{time.replace('T', ' ').slice(0, 19)}</time> {cityOf(author)} <code>{opId}</code>
          <ul>
            {changes.map(({ path, before, after }) => (
              <li key={path}>
                <code>{path}</code>: <del>{JSON.stringify(before) ?? '—'}</del> → <ins>{JSON.stringify(after) ?? '—'}</ins>
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}

/** Asked again and again; a region that does not answer keeps what it said last. */
function useCopies(name: string): readonly Copy[] {
  const { regions } = useMesh();
  // Other objects with each status, and the same regions.
  const latest = useRef(regions);
  latest.current = regions;
  const [copies, setCopies] = useState<ReadonlyMap<string, Omit<Copy, 'region'>>>(new Map());
  useEffect(() => {
    let isCurrent = true;
    const look = async ({ name: region, api }: RegionView): Promise<void> => {
      const heard = await api.document(name).then(
        ({ json, digest }) => ({ json, digest, error: undefined }),
        (error: Error) => ({ error: `no answer now: ${error.message}` }),
      );
      if (isCurrent) setCopies((before) => new Map(before).set(region, { json: undefined, digest: '', ...before.get(region), ...heard }));
    };
    const lookAll = (): void => {
      for (const region of latest.current) void look(region);
    };
    lookAll();
    const timer = setInterval(lookAll, everyMs);
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
  }, [name]);
  return regions.map((region) => ({ region, ...(copies.get(region.name) ?? { json: undefined, digest: '', error: undefined }) }));
}
