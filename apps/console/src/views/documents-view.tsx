import { documentIdOf } from '@anabranch/protocol';
import { type FormEvent, useEffect, useState } from 'react';
import type { RegionView } from '../mesh/mesh-monitor.ts';
import { cityOf } from '../mesh/places.ts';
import { useMesh } from '../mesh/use-mesh.ts';
import { DocumentPanel } from './document-panel.tsx';
import { useAnswer } from './use-answer.ts';

/** The documents of a region, and one of them as every region has it. */
export function DocumentsView() {
  const { regions } = useMesh();
  const [chosen, setChosen] = useState<string>();
  const collections = regions.find(({ status }) => (status?.collections.size ?? 0) > 0)?.status?.collections;
  const [collection, setCollection] = useState<string>();
  const [refusal, setRefusal] = useState('');
  const [regionName, setRegionName] = useState<string>();
  const shown = collection ?? collections?.keys().next().value;
  const region = regions.find(({ name }) => name === regionName) ?? regions[0];
  const open = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const id = String(new FormData(event.currentTarget).get('id') ?? '').trim();
    if (shown === undefined) return;
    try {
      setChosen(documentIdOf(shown, id));
      setRefusal('');
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section className="panel" aria-labelledby="documents">
      <header>
        <h2 id="documents">Documents</h2>
      </header>
      <div className="browser">
        <div className="browser-list">
          <label>
            Collection
            <select value={shown ?? ''} onChange={(event) => setCollection(event.target.value)}>
              {[...(collections ?? [])].map(([name, library]) => (
                <option key={name} value={name}>
                  {name} ({library})
                </option>
              ))}
            </select>
          </label>
          <label>
            As listed in
            <select value={region?.name ?? ''} onChange={(event) => setRegionName(event.target.value)}>
              {regions.map(({ name }) => (
                <option key={name} value={name}>
                  {cityOf(name)}
                </option>
              ))}
            </select>
          </label>
          <form onSubmit={open}>
            <label>
              Open by id
              <input
                name="id"
                autoComplete="off"
                spellCheck={false}
                placeholder="ann"
                aria-invalid={refusal !== ''}
                aria-describedby="id-refusal"
              />
            </label>
            <p id="id-refusal" role="alert" className="alarm">
              {refusal}
            </p>
            <button type="submit">Open</button>
          </form>
          {shown !== undefined && region !== undefined && (
            <DocumentList key={`${region.name} ${shown}`} region={region} collection={shown} chosen={chosen} onChoose={setChosen} />
          )}
        </div>
        {chosen === undefined ? (
          <p className="hint">Choose a document to see it in every region.</p>
        ) : (
          <DocumentPanel key={chosen} name={chosen} />
        )}
      </div>
    </section>
  );
}

interface DocumentListProps {
  readonly region: RegionView;
  readonly collection: string;
  readonly chosen: string | undefined;
  readonly onChoose: (name: string) => void;
}

function DocumentList({ region, collection, chosen, onChoose }: DocumentListProps) {
  const [cursors, setCursors] = useState<readonly (string | undefined)[]>([undefined]);
  const cursor = cursors.at(-1);
  const { value, error, refresh } = useAnswer(`${collection} ${cursor}`, () => region.api.list(collection, cursor));
  useEffect(() => {
    const timer = setInterval(refresh, 3_000);
    return () => clearInterval(timer);
  }, [refresh]);
  if (error !== undefined) return <p className="alarm">{`${cityOf(region.name)}: ${error.message} (${error.code})`}</p>;
  return (
    <>
      <ul className="ids" aria-label={`Documents of ${collection}`}>
        {(value?.ids ?? []).map((id) => (
          <li key={id}>
            <button type="button" aria-pressed={chosen === `${collection}/${id}`} onClick={() => onChoose(`${collection}/${id}`)}>
              {id}
            </button>
          </li>
        ))}
      </ul>
      {value?.ids.length === 0 && <p className="hint">No documents yet.</p>}
      <div className="pager">
        <button type="button" disabled={cursors.length < 2} onClick={() => setCursors(cursors.slice(0, -1))}>
          Before
        </button>
        <button type="button" disabled={value?.next === undefined} onClick={() => setCursors([...cursors, value?.next])}>
          More
        </button>
      </div>
    </>
  );
}
