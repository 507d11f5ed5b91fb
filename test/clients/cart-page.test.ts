// The page of docs/client.md, in a document object model: on a device that never saw a region, and after an error.

import { createClient } from '@anabranch/client/node';
import { Window } from 'happy-dom';
import { act, createElement } from 'react';
import { afterAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { CartPage } from './cart-page.tsx';
import { collections } from './client-guide.ts';
import { afterThisTest, patience } from './client-mesh.ts';

const window = new Window();
vi.stubGlobal('window', window);
vi.stubGlobal('document', window.document);
vi.stubGlobal('navigator', window.navigator);
vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
// It looks for a document when it is loaded.
const { createRoot } = await import('react-dom/client');
afterAll(() => vi.unstubAllGlobals());

test('[CLIENT21] the page of the guide opens without a region, changes its document, and is mounted anew after an error', async () => {
  const nowhere = [{ name: 'berlin', url: 'http://127.0.0.1:9' }];
  const client = await createClient({ regions: nowhere, collections, store: 'memory', webSocket: WebSocket });
  client.goOffline();
  const place = document.createElement('div');
  const root = createRoot(place);
  afterThisTest(async () => {
    await act(async () => root.unmount());
    await client.close();
  });
  const shows = (text: string): Promise<void> => vi.waitFor(() => act(async () => expect(place.textContent).toContain(text)), patience);
  const press = (): Promise<void> => act(async () => place.querySelector('button')?.click());
  await act(async () => root.render(createElement(CartPage, { client, id: 'ann' })));
  await shows('Tea: 0');
  await press();
  await shows('Tea: 1offline, 1 to send, the last write is saved, 0 others');
  await act(() => client.forget('carts', 'ann'));
  await shows('document_unavailable: try again');
  await press();
  await shows('the last write is not made');
});
