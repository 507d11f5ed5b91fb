// Opens the shop: who is shopping, where the regions are, and the device that speaks with them.

import { type ReactElement, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { chosenRegion, isSwitchedOff } from './sync/chosen-region.ts';
import { customerOf } from './sync/customer.ts';
import { drawCharacters } from './sync/draw.ts';
import { findRegions } from './sync/find-regions.ts';
import { openShopClient } from './sync/shop-clients.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/layout.css';
import './styles/products.css';
import './styles/cart.css';
import './styles/status.css';

const place = document.getElementById('shop');
if (place !== null) {
  const root = createRoot(place);
  root.render(await openShop());
}

async function openShop(): Promise<ReactElement> {
  const customer = customerOf(location.search, localStorage, () => drawCharacters(6));
  const regions = await findRegions();
  if (regions === undefined) {
    return (
      <Startup text="This shop has never been open on this device, and nobody can be asked where it is. Try again with a connection." />
    );
  }
  try {
    const client = await openShopClient(regions, chosenRegion(localStorage));
    if (isSwitchedOff(localStorage)) client.goOffline();
    return (
      <StrictMode>
        <App client={client} regions={regions} customer={customer} />
      </StrictMode>
    );
  } catch (error) {
    return <Startup text={`The shop cannot keep anything on this device: ${error instanceof Error ? error.message : String(error)}.`} />;
  }
}

function Startup({ text }: { readonly text: string }): ReactElement {
  return (
    <main className="startup" role="alert">
      <h1>Confluence</h1>
      <p>{text}</p>
      <button type="button" className="button button-primary" onClick={() => location.reload()}>
        Try again
      </button>
    </main>
  );
}
