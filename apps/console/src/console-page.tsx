import { type FormEvent, useSyncExternalStore } from 'react';
import { useMesh } from './mesh/use-mesh.ts';
import { BoardView } from './views/board-view.tsx';
import { ChartsView } from './views/charts-view.tsx';
import { ConflictsView } from './views/conflicts-view.tsx';
import { DocumentsView } from './views/documents-view.tsx';
import { LoadNotice } from './views/load-panel.tsx';
import { MembersView } from './views/members-view.tsx';
import { WorldMap } from './views/world-map.tsx';

const views = [
  ['overview', 'Overview'],
  ['documents', 'Documents'],
  ['conflicts', 'Conflicts'],
  ['members', 'Members'],
  ['board', 'Partition board'],
] as const;
type ViewName = (typeof views)[number][0];

export function ConsolePage() {
  const { regions, isDemo, worldError } = useMesh();
  const view = useView();
  return (
    <>
      <header className="top">
        <a className="brand" href="/">
          Anabranch
        </a>
        <nav aria-label="Views">
          {views
            .filter(([name]) => isDemo || name !== 'board')
            .map(([name, word]) => (
              <button key={name} type="button" aria-current={view === name ? 'page' : undefined} onClick={() => show(name)}>
                {word}
              </button>
            ))}
        </nav>
        {isDemo && <a href="/shop/">Shop</a>}
      </header>
      <main>
        <h1>Console</h1>
        {isDemo && worldError !== undefined && (
          <p className="notice" role="status">
            The process that runs this demo does not answer: what is shown of links and processes is old. The regions are asked directly.
          </p>
        )}
        {view !== 'board' && <LoadNotice />}
        {regions.length === 0 && <AddressForm />}
        {view === 'overview' && (
          <>
            <WorldMap />
            <ChartsView />
          </>
        )}
        {view === 'documents' && <DocumentsView />}
        {view === 'conflicts' && <ConflictsView />}
        {view === 'members' && <MembersView />}
        {view === 'board' && (
          <>
            <WorldMap />
            <BoardView />
          </>
        )}
      </main>
    </>
  );
}

/** What the address names: another address is another view, and the browser leads back to the one before. */
function useView(): ViewName {
  const hash = useSyncExternalStore(listenToAddress, () => location.hash);
  return views.find(([name]) => `#${name}` === hash)?.[0] ?? 'overview';
}

function listenToAddress(changed: () => void): () => void {
  addEventListener('hashchange', changed);
  return () => removeEventListener('hashchange', changed);
}

function show(name: ViewName): void {
  location.hash = name;
}

/** Of a mesh that is not the demo's, somebody must say where its regions are. */
function AddressForm() {
  const open = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get('regions') ?? '');
    const query = new URLSearchParams(
      text
        .split(/\s+/)
        .filter((url) => URL.canParse(url))
        .map((url) => ['region', url]),
    );
    location.search = String(query);
  };
  return (
    <form className="panel" onSubmit={open}>
      <label>
        Addresses of the regions, one on each line
        <textarea name="regions" rows={3} placeholder="https://berlin.example" />
      </label>
      <button type="submit">Connect</button>
    </form>
  );
}
