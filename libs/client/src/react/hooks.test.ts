// The hooks in React itself: a document object model (happy-dom), real clients without a region, and the server's renderer.

import { ByteWriter } from '@anabranch/protocol';
import { Window } from 'happy-dom';
import { act, createElement, type FunctionComponent, StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { Client, type ClientDocument, MemoryStore, schema, type Write } from '../index.ts';
import { QuietPlatform } from '../testing/quiet-platform.ts';
import { useClientStatus, useDocument, usePresence, useValueAt, useWriteState, useYjs } from './index.ts';

const window = new Window();
vi.stubGlobal('window', window);
vi.stubGlobal('document', window.document);
vi.stubGlobal('navigator', window.navigator);
vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
// It looks for a document when it is loaded.
const { createRoot, hydrateRoot } = await import('react-dom/client');

const collections = {
  carts: { library: 'yjs', schema: schema.object({ qty: schema.counter(), note: schema.text() }) },
  notes: { library: 'yjs', schema: 'freeform' },
} as const;
type ShopClient = Client<typeof collections>;
const more = [{ op: 'increment', path: '/qty', by: 1 }] as const;
const write = (text: string) => [{ op: 'insert', path: '/note', index: 0, text }] as const;

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(() => vi.unstubAllGlobals());

async function startClient(platform = new QuietPlatform()): Promise<ShopClient> {
  const regions = [{ name: 'berlin', url: 'http://berlin.example' }];
  const client = await Client.create({ regions, collections }, { platform, store: new MemoryStore() });
  cleanups.push(() => act(() => client.close()));
  return client;
}

/** A component that notes what it shows each time that it is rendered. */
function noting<Props extends object>(show: (props: Props) => unknown) {
  const shown: unknown[] = [];
  const component: FunctionComponent<Props> = (props) => {
    const text = JSON.stringify(show(props) ?? 'nothing');
    shown.push(text);
    return createElement('p', {}, text);
  };
  return { component, shown };
}

/** Renders a component, strictly if asked to; gives what the page shows. */
async function render<Props extends object>(component: FunctionComponent<Props>, first: Props, isStrict = false) {
  const place = document.createElement('div');
  const root = createRoot(place);
  const show = (props: Props) =>
    act(async () =>
      root.render(isStrict ? createElement(StrictMode, {}, createElement(component, props)) : createElement(component, props)),
    );
  cleanups.push(() => act(async () => root.unmount()));
  await show(first);
  return { text: () => place.textContent, show, unmount: () => act(async () => root.unmount()) };
}

/** Waits until it holds, and React has done what follows from it. */
const untilSo = (check: () => void) => vi.waitFor(() => act(async () => check()));

interface CartProps {
  readonly client: ShopClient;
  readonly id: string;
}
const startEmpty = { startEmpty: true };
const showCart = ({ client, id }: CartProps): unknown => {
  const { value, error, document } = useDocument(client, 'carts', id, startEmpty);
  return error?.code ?? (value === undefined ? 'opening' : `${document?.id}: ${value.qty} ${value.note}`);
};

describe('useDocument', () => {
  test.each([false, true])('[CLIENT32] opens a document and shows its changes until it is unmounted; strictly: %s', async (isStrict) => {
    const client = await startClient();
    const { component, shown } = noting(showCart);
    const page = await render(component, { client, id: 'ann' }, isStrict);
    expect(shown[0]).toBe('"opening"');
    await untilSo(() => expect(page.text()).toBe('"ann: 0 "'));
    const cart = await client.open('carts', 'ann', startEmpty);
    await act(async () => void cart.edit(more));
    expect(page.text()).toBe('"ann: 1 "');
    await page.unmount();
    const renders = shown.length;
    await act(async () => void cart.edit(more));
    expect(shown.length).toBe(renders);
  });

  test('[CLIENT33] says so when it is given an option that there is not, and opens nothing', async () => {
    const client = await startClient();
    const component = ({ id }: CartProps) => useDocument(client, 'carts', id, { startEmtpy: true } as never).error?.message;
    const page = await render(component, { client, id: 'ann' });
    await untilSo(() => expect(page.text()).toContain('there is no option startEmtpy'));
  });

  test('[CLIENT32] never shows one document by the name of another, whatever comes first', async () => {
    const [client, other] = [await startClient(), await startClient()];
    for (const id of ['ann', 'bob']) (await client.open('carts', id, startEmpty)).edit(write(id));
    const texts: string[] = [];
    const component = ({ client: from, id }: CartProps) => {
      const { value } = useDocument(from, 'carts', id, startEmpty);
      texts.push(`${id}: ${value?.note ?? 'opening'}`);
      return null;
    };
    const page = await render(component, { client, id: 'ann' });
    await untilSo(() => expect(texts.at(-1)).toBe('ann: ann'));
    await page.show({ client, id: 'bob' });
    await page.show({ client, id: 'ann' });
    await untilSo(() => expect(texts.at(-1)).toBe('ann: ann'));
    await page.show({ client: other, id: 'ann' });
    await untilSo(() => expect(texts.at(-1)).toBe('ann: '));
    expect(new Set(texts)).toEqual(new Set(['ann: opening', 'ann: ann', 'bob: opening', 'bob: bob', 'ann: ']));
  });

  test('[CLIENT32] shows why a document cannot be opened, and that it was forgotten', async () => {
    const client = await startClient();
    const { component } = noting(showCart);
    const bad = await render(component, { client, id: 'no/id' });
    await untilSo(() => expect(bad.text()).toBe('"document_id_invalid"'));
    await bad.show({ client, id: 'ann' });
    await untilSo(() => expect(bad.text()).toBe('"ann: 0 "'));
    await act(() => client.forget('carts', 'ann'));
    expect(bad.text()).toBe('"document_unavailable"');
    await client.close();
    const late = await render(component, { client, id: 'ann' });
    await untilSo(() => expect(late.text()).toBe('"client_closed"'));
  });
});

interface DocumentProps {
  readonly document: ClientDocument<object> | undefined;
}

test('[CLIENT32] useValueAt renders anew only when what it shows has changed', async () => {
  const client = await startClient();
  const cart = await client.open('carts', 'ann', startEmpty);
  const { component, shown } = noting(({ document }: DocumentProps) => useValueAt(document, '/note'));
  const page = await render(component, { document: undefined as DocumentProps['document'] });
  await page.show({ document: cart });
  await act(async () => void cart.edit(more));
  expect(shown).toEqual(['"nothing"', '""']);
  await act(async () => void cart.edit([...more, ...write('tea')]));
  await act(async () => void cart.edit(more));
  expect(shown).toEqual(['"nothing"', '""', '"tea"']);
  await page.unmount();
  await act(async () => void cart.edit(write('more ')));
  expect(shown.length).toBe(3);
});

test('[CLIENT32] useYjs gives the document to bind to after a refused paste, and the value is as before it', async () => {
  const client = await startClient();
  const note = await client.open('notes', 'n', startEmpty);
  const bound: unknown[] = [];
  const component = ({ document }: DocumentProps) => {
    const yjs = useYjs(document);
    if (bound.at(-1) !== yjs) bound.push(yjs);
    return createElement('p', {}, yjs?.getText('body').toString() ?? 'none');
  };
  const page = await render(component, { document: note });
  note.yjs?.getText('body').insert(0, 'hello');
  const refused = note.edit([{ op: 'insert', path: '/body', index: 5, text: 'x'.repeat(1_100_000) }]);
  const showState = noting(({ of }: { readonly of: Write }) => [useWriteState(of), of.error?.code]);
  const badge = await render(showState.component, { of: refused });
  await untilSo(() => expect(bound).toEqual([expect.anything(), note.yjs]));
  expect(bound[0]).not.toBe(note.yjs);
  await untilSo(() => expect(page.text()).toBe('hello'));
  expect(badge.text()).toBe('["refused","request_too_large"]');
  await act(async () => void note.yjs?.getText('body').insert(5, ' world'));
  expect(note.value).toEqual({ body: 'hello world' });
});

test('[CLIENT32] useClientStatus and useWriteState follow what they show, and end with the component', async () => {
  const client = await startClient();
  const cart = await client.open('carts', 'ann', startEmpty);
  const status = noting(({ of }: { readonly of: ShopClient }) => useClientStatus(of).isOffline);
  const page = await render(status.component, { of: client }, true);
  expect(page.text()).toBe('false');
  await act(async () => client.goOffline());
  expect(page.text()).toBe('true');
  const state = noting(({ of }: { readonly of: Write | undefined }) => useWriteState(of));
  const badge = await render(state.component, { of: undefined as Write | undefined });
  expect(badge.text()).toBe('"nothing"');
  const first = cart.edit(more);
  await badge.show({ of: first });
  await untilSo(() => expect([badge.text(), first.state]).toEqual(['"saved"', 'saved']));
  await page.unmount();
  await badge.unmount();
  const renders = [status.shown.length, state.shown.length];
  await act(async () => client.goOnline());
  expect([status.shown.length, state.shown.length]).toEqual(renders);
});

test('[CLIENT32] usePresence shows nobody without a document, and who is there with one', async () => {
  const platform = new QuietPlatform();
  const note = await (await startClient(platform)).open('notes', 'n', startEmpty);
  const { component, shown } = noting(({ document }: DocumentProps) => [...usePresence(document).values()]);
  const page = await render(component, { document: undefined as DocumentProps['document'] });
  await page.show({ document: note });
  expect(page.text()).toBe('[]');
  const update = new ByteWriter().uint(1).uint(5).uint(1).text('{"name":"bob"}').finish();
  await act(async () => platform.tell({ type: 'presence', document: note.name, update }));
  expect(page.text()).toBe('[{"name":"bob"}]');
  await page.unmount();
  const renders = shown.length;
  platform.tell({ type: 'presence', document: note.name, update: new ByteWriter().uint(1).uint(5).uint(2).text('null').finish() });
  expect([note.presence.others.size, shown.length]).toEqual([0, renders]);
});

test('[CLIENT32] on a server they show what is there, and its markup is taken over without a difference', async () => {
  const client = await startClient();
  const cart = await client.open('carts', 'ann', startEmpty);
  cart.edit(write('tea'));
  const component = ({ of }: { readonly of: Write | undefined }) => {
    const { value, error } = useDocument(client, 'carts', 'ann');
    const parts = [value?.note ?? 'opening', error?.code, useValueAt(cart, '/note'), useClientStatus(client).connection];
    return createElement('p', {}, JSON.stringify([...parts, useWriteState(of), usePresence(cart).size, useYjs(cart) === undefined]));
  };
  const element = createElement(component, { of: undefined });
  const markup = renderToString(element);
  const place = document.createElement('div');
  place.innerHTML = markup;
  expect(JSON.parse(place.textContent)).toEqual(['opening', null, 'tea', client.status.connection, null, 0, true]);
  const differences: unknown[] = [];
  const onRecoverableError = (error: unknown): void => void differences.push(error);
  const root = await act(async () => hydrateRoot(place, element, { onRecoverableError }));
  cleanups.push(() => act(async () => root.unmount()));
  await untilSo(() => expect(JSON.parse(place.textContent)[0]).toBe('tea'));
  expect(differences).toEqual([]);
});
