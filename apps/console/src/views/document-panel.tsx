import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../api/ask.ts';
import type { DocumentAnswer } from '../api/region-api.ts';
import { differencesMax, differencesOf } from '../diff/json-diff.ts';
import type { RegionView } from '../mesh/mesh-monitor.ts';
import { cityOf } from '../mesh/places.ts';
import { useMesh } from '../mesh/use-mesh.ts';
import { useAnswer } from './use-answer.ts';

interface Copy {
  readonly region: RegionView;
  /** What it said last, if anything. */
  readonly answer: DocumentAnswer | undefined;
  /** Why the last question was not answered. */
  readonly error: string | undefined;
}

const noDocument = 'no such document';

const everyMs = 1_500;

/** One document as every region has it: digests, views side by side, the differences, the history. */
export function DocumentPanel({ name }: { readonly name: string }) {
  const copies = useCopies(name);
  const answering = copies.flatMap(({ region, answer, error }) =>
    answer === undefined || error !== undefined ? [] : [{ region, ...answer }],
  );
  const isEqual = new Set(answering.map(({ exists, digest }) => `${exists} ${digest}`)).size <= 1;
  const isNowhere = answering.every(({ exists }) => !exists);
  const equality = isNowhere ? noDocument : `equal digests in ${answering.length} regions`;
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
          <span className={`badge ${isEqual && !isNowhere ? 'good' : 'warn'}`} role="status">
            {isEqual ? equality : 'regions differ'}
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
        {copies.map((copy) => (
          <CopyCard key={copy.region.name} name={name} copy={copy} />
        ))}
      </div>
      <button type="button" aria-expanded={isHistoryShown} onClick={() => setHistoryShown(!isHistoryShown)}>
        {isHistoryShown ? 'Hide history' : 'Show history'}
      </button>
      {isHistoryShown && first !== undefined && <History key={first.name} region={first} name={name} />}
    </article>
  );
}

function CopyCard({ name, copy: { region, answer, error } }: { readonly name: string; readonly copy: Copy }) {
  const city = cityOf(region.name);
  return (
    <section className={error === undefined ? 'copy' : 'copy stale'} aria-label={`${name} in ${city}`}>
      <h4>{city}</h4>
      {error !== undefined && <p className="alarm">{error}</p>}
      {error === undefined && answer?.exists === true && <code className="digest">{answer.digest.slice(0, 16)}</code>}
      {answer?.exists === false ? (
        <p className="hint">{noDocument}</p>
      ) : (
        <pre>{answer === undefined ? '…' : JSON.stringify(answer.json, null, 2)}</pre>
      )}
    </section>
  );
}

function History({ region, name }: { readonly region: RegionView; readonly name: string }) {
  const { value, error } = useAnswer(name, () => region.api.history(name));
  if (error !== undefined) return <p className="alarm">{`${error.message} (${error.code})`}</p>;
  if (value === undefined) return <p className="hint">The history is loading.</p>;
  return (
    <ol className="history" aria-label={`History of ${name}, as ${cityOf(region.name)} has it`}>
      {value.map(({ opId, region: author, time, changes }) => (
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
    const answers = new Map<string, DocumentAnswer>();
    const look = async ({ name: region, api }: RegionView): Promise<void> => {
      let error: string | undefined;
      try {
        answers.set(region, await api.document(name, answers.get(region)));
      } catch (failure) {
        error = errorText(failure);
      }
      if (isCurrent) setCopies((before) => new Map(before).set(region, { answer: answers.get(region), error }));
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
  return regions.map((region) => ({ region, ...(copies.get(region.name) ?? { answer: undefined, error: undefined }) }));
}

function errorText(failure: unknown): string {
  if (!(failure instanceof ApiError)) return String(failure);
  return failure.code === 'no_answer' ? 'no answer now' : `${failure.message} (${failure.code})`;
}
