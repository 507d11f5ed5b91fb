// The clients that people use, unchanged, at three real regions: y-websocket's provider in Node and in a browser page,
// Hocuspocus's provider, and automerge-repo's Repo. Links have realistic delay, and are cut.

import { type RegionName, regionNames, World } from '@anabranch/demo';
import { type DocHandle, Repo } from '@automerge/automerge-repo';
import { WebSocketClientAdapter } from '@automerge/automerge-repo-network-websocket';
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { launchBrowser } from './browser.ts';
import { serveEditorPage } from './editor-page.ts';

const patience = { timeout: 20_000, interval: 20 };

let world: World;
const cleanups: Array<() => unknown> = [];

beforeAll(async () => {
  world = await World.start();
}, 90_000);

afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await world?.stop();
});

const syncUrl = (region: RegionName) => world.region(region).url.replace('http', 'ws');
const read = (region: RegionName, document: string): Promise<unknown> => {
  const [collection = '', id = ''] = document.split('/');
  return world.region(region).client.read(collection, id);
};

async function expectSameEverywhere(document: string, view: unknown): Promise<void> {
  const [collection = ''] = document.split('/');
  await world.untilConverged({ deadlineMs: 30_000, collections: [collection] });
  for (const region of regionNames) expect(await read(region, document)).toEqual(view);
}

describe('y-websocket: providers in new-york and tokyo, a browser page in berlin', () => {
  const document = 'notes/shared';
  let newYork: Writer;
  let tokyo: Writer;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    const editor = await serveEditorPage();
    cleanups.push(() => editor.close());
    const browser = await launchBrowser();
    cleanups.push(() => browser.close());
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(`${editor.url}?${new URLSearchParams({ region: syncUrl('berlin'), document, name: 'Ben' })}`);
    newYork = new Writer('new-york', 'Ada', document);
    tokyo = new Writer('tokyo', 'Chiyo', document);
    await page.getByText('synced', { exact: true }).waitFor(patience);
  }, 60_000);

  const area = () => page.getByLabel('Text');
  const people = () => page.getByLabel('People');

  /** All three show one text; resolves with it. */
  async function whenAllShow(count: number): Promise<string> {
    const texts = async () => [newYork.text, tokyo.text, await area().inputValue()];
    const different = async () => [...new Set((await texts()).map((text) => `${wordsOf(text).length} words: ${text}`))];
    await expect.poll(different, patience).toEqual([expect.stringMatching(`^${count} words`)]);
    return newYork.text;
  }

  test('[SYNC1] all edit one text at once, and every word is kept whole', async () => {
    await area().focus();
    for (let i = 0; i < 15; i++) {
      newYork.insert(0, `<ada-${i}>`);
      tokyo.insert(tokyo.text.length, `<chiyo-${i}>`);
      await page.keyboard.insertText(`<ben-${i}>`);
    }
    const text = await whenAllShow(45);
    const expected = ['ada', 'ben', 'chiyo'].flatMap((name) => Array.from({ length: 15 }, (_, i) => `<${name}-${i}>`));
    expect(wordsOf(text).toSorted()).toEqual(expected.toSorted());
    await expectSameEverywhere(document, { body: text });

    newYork.delete('<chiyo-3>');
    tokyo.delete('<ada-5>');
    for (const _ of '<ben-14>') await page.keyboard.press('Backspace');
    const shorter = await whenAllShow(42);
    expect(wordsOf(shorter)).toEqual(wordsOf(text).filter((word) => !['<chiyo-3>', '<ada-5>', '<ben-14>'].includes(word)));
    await expectSameEverywhere(document, { body: shorter });
  });

  test('[SYNC1] an edit over REST is seen live in the page and by the providers', async () => {
    const before = wordsOf(newYork.text).length;
    await world.region('tokyo').client.edit('notes', 'shared', [{ op: 'insert', path: '/body', index: 0, text: '<rest>' }]);
    expect(await whenAllShow(before + 1)).toMatch(/^<rest>/);
    const text = newYork.text;
    await world.region('new-york').client.edit('notes', 'shared', [{ op: 'delete', path: '/body', index: 0, length: '<rest>'.length }]);
    await expectSameEverywhere(document, { body: (await whenAllShow(before)) && text.slice('<rest>'.length) });
  });

  test('[SYNC1] writing goes on on both sides of a cut, and merges when it heals', async () => {
    const before = newYork.text;
    const count = wordsOf(before).length;
    world.isolate('tokyo');
    tokyo.insert(0, '<alone>');
    newYork.insert(0, '<here>');
    await page.keyboard.insertText('<too>');
    await expect.poll(() => wordsOf(newYork.text).length, patience).toBe(count + 2);
    await expect.poll(async () => wordsOf(await area().inputValue()).length, patience).toBe(count + 2);
    await expect.poll(() => read('tokyo', document), patience).toEqual({ body: `<alone>${before}` });
    expect(await read('berlin', document)).toEqual({ body: newYork.text });

    world.healAll();
    const text = await whenAllShow(count + 3);
    for (const word of ['<alone>', '<here>', '<too>']) expect(wordsOf(text)).toContain(word);
    await expectSameEverywhere(document, { body: text });
  });

  test('[SYNC4] names and cursors cross regions, and go with their session', async () => {
    newYork.provider.awareness.setLocalStateField('cursor', 7);
    tokyo.provider.awareness.setLocalStateField('cursor', 9);
    await area().evaluate((element: HTMLTextAreaElement) => element.setSelectionRange(3, 3));
    for (const line of ['Ada at 7', 'Ben at 3', 'Chiyo at 9']) await people().getByText(line).waitFor(patience);
    for (const writer of [newYork, tokyo]) await expect.poll(() => writer.people, patience).toEqual(['Ada at 7', 'Ben at 3', 'Chiyo at 9']);

    const { versionVector } = await world.region('tokyo').client.status();
    newYork.provider.disconnect();
    await people()
      .getByText('Ada')
      .waitFor({ ...patience, state: 'detached' });
    await expect.poll(() => tokyo.people, patience).toEqual(['Ben at 3', 'Chiyo at 9']);
    await page.close();
    await expect.poll(() => tokyo.people, patience).toEqual(['Chiyo at 9']);
    expect((await world.region('tokyo').client.status()).versionVector).toEqual(versionVector);
    expect(complaints).toEqual([]);
  });
});

describe('Hocuspocus: providers in new-york and tokyo, two documents on each socket, y-websocket in berlin', () => {
  const documents = ['notes/plan', 'notes/agenda'] as const;

  function openProviders(region: RegionName, name: string): readonly HocuspocusProvider[] {
    const backOff = { delay: 200, minDelay: 200, maxDelay: 1_000 };
    const url = `${syncUrl(region)}/v1/sync/hocuspocus`;
    const socket = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: WebSocket, ...backOff });
    const providers = documents.map((document) => {
      const provider = new HocuspocusProvider({ websocketProvider: socket, name: document });
      provider.setAwarenessField('name', name);
      provider.attach();
      return provider;
    });
    cleanups.push(() => {
      for (const provider of providers) provider.destroy();
      socket.destroy();
    });
    return providers;
  }

  const textOf = ({ document }: HocuspocusProvider) => document.getText('body');
  const isSaved = (provider: HocuspocusProvider) => provider.synced && !provider.hasUnsyncedChanges;

  test('[HOCUS1] [HOCUS2] [HOCUS4] edit both at once with the others, and see each other', async () => {
    const [newYork, tokyo] = [openProviders('new-york', 'Ada'), openProviders('tokyo', 'Chiyo')];
    const berlin = documents.map((document) => new Writer('berlin', 'Ben', document));
    await expect.poll(() => [...newYork, ...tokyo].every(isSaved), patience).toBe(true);
    for (let i = 0; i < 15; i++) {
      for (const provider of newYork) textOf(provider).insert(0, `<ada-${i}>`);
      for (const writer of berlin) writer.insert(writer.text.length, `<ben-${i}>`);
      for (const provider of tokyo) textOf(provider).insert(textOf(provider).length, `<chiyo-${i}>`);
    }
    const counts = () => [...newYork, ...tokyo].map((provider) => wordsOf(`${textOf(provider)}`).length);
    await expect.poll(counts, patience).toEqual([45, 45, 45, 45]);
    await expect.poll(() => [...newYork, ...tokyo].every(isSaved), patience).toBe(true);
    for (const [i, document] of documents.entries()) await expectSameEverywhere(document, { body: berlin[i]?.text });

    const names = (provider: HocuspocusProvider | undefined) =>
      [...(provider?.awareness?.getStates().values() ?? [])].map(({ name }) => name);
    await expect.poll(() => names(tokyo[0]).toSorted(), patience).toEqual(['Ada', 'Ben', 'Chiyo']);
    newYork[0]?.destroy();
    await expect.poll(() => names(tokyo[0]).toSorted(), patience).toEqual(['Ben', 'Chiyo']);
    expect(names(tokyo[1]).toSorted()).toEqual(['Ada', 'Ben', 'Chiyo']);
  });

  test('[HOCUS3] what was counted as synced before the region was killed is there when it is back, and so is what was not', async () => {
    const [plan] = openProviders('new-york', 'Ada');
    const [there] = openProviders('tokyo', 'Chiyo');
    if (plan === undefined || there === undefined) throw new Error('no providers');
    await expect.poll(() => isSaved(plan) && isSaved(there), patience).toBe(true);
    textOf(plan).insert(0, '<saved>');
    await expect.poll(() => isSaved(plan), patience).toBe(true);
    await world.region('new-york').process.kill();
    textOf(plan).insert(0, '<later>');
    textOf(there).insert(0, '<elsewhere>');
    expect(plan.hasUnsyncedChanges).toBe(true);
    await world.region('new-york').process.start();
    await world.untilReady(['new-york']);
    await expect.poll(() => isSaved(plan), patience).toBe(true);
    await expect.poll(() => `${textOf(plan)}` === `${textOf(there)}`, patience).toBe(true);
    for (const word of ['<saved>', '<later>', '<elsewhere>']) expect(wordsOf(`${textOf(plan)}`)).toContain(word);
    await expectSameEverywhere('notes/plan', { body: `${textOf(plan)}` });
  });
});

describe('automerge-repo: Repos in new-york and tokyo', () => {
  interface Board {
    title?: string;
    cards: string[];
  }

  function openRepo(region: RegionName): Repo {
    const adapter = new WebSocketClientAdapter(`${syncUrl(region)}/v1/sync/automerge/boards`, 200);
    // The adapter throws for every lost connection but a refused one, also for that of a region that is killed.
    adapter.onError = () => {};
    const repo = new Repo({ network: [adapter] });
    cleanups.push(() => repo.networkSubsystem.disconnect());
    return repo;
  }

  const documentOf = (board: DocHandle<Board>) => `boards/${board.documentId}`;
  const add = (board: DocHandle<Board>, ...cards: string[]) => board.change((doc) => void doc.cards.push(...cards));
  let newYork: Repo;
  let tokyo: Repo;
  let here: DocHandle<Board>;
  let there: DocHandle<Board>;

  async function whenBothShow(count: number): Promise<Board> {
    await expect.poll(() => [here.doc().cards.length, there.doc().cards.length], patience).toEqual([count, count]);
    await expect.poll(() => JSON.stringify(here.heads()) === JSON.stringify(there.heads()), patience).toBe(true);
    return here.doc();
  }

  test('[SYNC2] one creates a document, the other finds it, and both edit it at once', async () => {
    newYork = openRepo('new-york');
    tokyo = openRepo('tokyo');
    here = newYork.create<Board>({ cards: ['created'] });
    await expect.poll(() => read('tokyo', documentOf(here)), patience).toEqual({ cards: ['created'] });
    there = await tokyo.find<Board>(here.url);
    expect(there.doc()).toEqual({ cards: ['created'] });
    for (let i = 0; i < 20; i++) {
      add(here, `here-${i}`);
      add(there, `there-${i}`);
    }
    there.change((doc) => {
      doc.title = 'plan';
    });
    const { cards, title } = await whenBothShow(41);
    expect(new Set(cards).size).toBe(41);
    await expectSameEverywhere(documentOf(here), { cards, title });
    expect(title).toBe('plan');
  });

  test('[SYNC2] edits made while a Repo is offline, and while its region is killed, arrive when they are back', async () => {
    tokyo.networkSubsystem.disconnect();
    add(there, 'offline-1', 'offline-2');
    add(here, 'meanwhile');
    await expect.poll(() => read('tokyo', documentOf(here)), patience).toMatchObject({ cards: expect.arrayContaining(['meanwhile']) });
    expect(there.doc().cards).not.toContain('meanwhile');
    tokyo.networkSubsystem.reconnect();
    expect((await whenBothShow(44)).cards).toEqual(expect.arrayContaining(['offline-1', 'offline-2', 'meanwhile']));

    await world.region('new-york').process.kill();
    add(here, 'region-down');
    add(there, 'elsewhere');
    await expect.poll(() => read('berlin', documentOf(here)), patience).toMatchObject({ cards: expect.arrayContaining(['elsewhere']) });
    await world.region('new-york').process.start();
    await world.untilReady(['new-york']);
    const { cards, title } = await whenBothShow(46);
    expect(cards).toEqual(expect.arrayContaining(['region-down', 'elsewhere']));
    await expectSameEverywhere(documentOf(here), { cards, title });
  });

  test('[SYNC2] an edit over REST is seen by the Repos of other regions', async () => {
    const title = 'over REST';
    await world.region('berlin').client.edit('boards', here.documentId, [{ op: 'set', path: '/title', value: title }]);
    await expect.poll(() => [here.doc().title, there.doc().title], patience).toEqual([title, title]);
    await expectSameEverywhere(documentOf(here), { cards: here.doc().cards, title });
  });
});

/** One person with the text open in Node. */
class Writer {
  readonly provider: WebsocketProvider;
  readonly #text: Y.Text;

  constructor(region: RegionName, name: string, document: string) {
    const doc = new Y.Doc();
    this.#text = doc.getText('body');
    const options = { WebSocketPolyfill: WebSocket as never, disableBc: true };
    this.provider = new WebsocketProvider(`${syncUrl(region)}/v1/sync/yjs`, document, doc, options);
    this.provider.awareness.setLocalStateField('name', name);
    cleanups.push(() => {
      this.provider.destroy();
      this.provider.awareness.destroy();
    });
  }

  get text(): string {
    return this.#text.toString();
  }

  /** Who has the text open, and where, in the order of their names. */
  get people(): string[] {
    return [...this.provider.awareness.getStates().values()].map((state) => `${state['name']} at ${state['cursor']}`).toSorted();
  }

  insert(index: number, word: string): void {
    this.#text.insert(index, word);
  }

  delete(word: string): void {
    this.#text.delete(this.text.indexOf(word), word.length);
  }
}

const wordsOf = (text: string): readonly string[] => text.match(/<[a-z]+(-\d+)?>/g) ?? [];
