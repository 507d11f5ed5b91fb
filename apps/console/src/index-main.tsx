// The first page of the local world: what is here, and the guided tour.

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { startMonitor } from './mesh/use-mesh.ts';
import { Tour } from './tour/tour.tsx';
import './styles/tokens.css';
import './styles/base.css';
import './styles/console.css';
import './styles/map.css';

/** Of the folder docs, as they are written. */
const documents = [
  ['api.md', 'Using a region: every operation, patch and field type'],
  ['client.md', 'The embedded client'],
  ['architecture.md', 'How it is built'],
  ['spec.md', 'What it promises, rule by rule'],
  ['limitations.md', 'What it does not do'],
] as const;

function IndexPage() {
  return (
    <>
      <header className="top">
        <a className="brand" href="/" aria-current="page">
          Anabranch
        </a>
        <nav aria-label="Pages">
          <a href="/shop/">Shop</a>
          <a href="/shop/#/three-carts">Three carts</a>
          <a href="/console/">Console</a>
        </nav>
      </header>
      <main>
        <h1>Three regions on this machine</h1>
        <p className="lead">
          Every region accepts writes at local speed, makes them durable, and exchanges them with the others; concurrent edits merge the
          same way everywhere. The <a href="/shop/">shop</a> is an application on top of that, which works offline; its{' '}
          <a href="/shop/#/three-carts">three carts</a> are one customer in three regions at a time. The <a href="/console/">console</a>{' '}
          shows the mesh, and lets you break it.
        </p>
        <Tour />
        <nav aria-labelledby="documents">
          <h2 id="documents">To read on</h2>
          <ul className="plain reading">
            {documents.map(([file, about]) => (
              <li key={file}>
                <a href={`/docs/${file}`}>{about}</a>
              </li>
            ))}
          </ul>
        </nav>
      </main>
    </>
  );
}

startMonitor();
const page = document.getElementById('page');
if (page !== null) {
  createRoot(page).render(
    <StrictMode>
      <IndexPage />
    </StrictMode>,
  );
}
