// The console as a program: watches the mesh, and shows it.

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ConsolePage } from './console-page.tsx';
import { startMonitor } from './mesh/use-mesh.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/console.css';
import './styles/map.css';

startMonitor();
const page = document.getElementById('page');
if (page !== null) {
  createRoot(page).render(
    <StrictMode>
      <ConsolePage />
    </StrictMode>,
  );
}
