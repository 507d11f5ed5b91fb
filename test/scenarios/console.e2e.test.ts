// The index with its tour, and the console, in a real browser over a real world: what a person sees and presses.

import { PageServer, World } from '@anabranch/demo';
import type { Browser, Page, Request, Response } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from './browser.ts';
import { inspectPage } from './inspect-page.ts';

const patience = { timeout: 30_000 };

let world: World;
let server: PageServer;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  world = await World.start();
  server = await PageServer.listen(world, world.portBase, (error) => complaints.push(String(error)));
  browser = await launchBrowser();
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.on('pageerror', (error) => complaints.push(error.message));
  // What the pages ask for is what regions and the world can answer.
  page.on('response', (response) => {
    if (response.status() === 422) complaints.push(`422 ${response.url()}`);
  });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await world?.stop();
});

const inspect = (name: string): Promise<void> => inspectPage(page, name);
const press = (name: string | RegExp): Promise<void> => page.getByRole('button', { name }).click(patience);

/** Notes the quantities that are shown when an outcome appears. */
async function watchOutcomes(): Promise<void> {
  await page.evaluate(`
    window.shownWith = [];
    let told = '';
    new MutationObserver(() => {
      const outcome = document.querySelector('.outcome')?.textContent ?? '';
      if (outcome !== '' && outcome !== told) window.shownWith.push([...document.querySelectorAll('.quantity')].map((shown) => shown.textContent));
      told = outcome;
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  `);
}

describe('the index', () => {
  test('[TOUR1] leads through a partition from start to end, does what it says, and leaves the world whole', async () => {
    const missing: string[] = [];
    const note = (response: Response): void => {
      if (response.status() === 404) missing.push(response.url());
    };
    page.on('response', note);
    await page.goto(server.url);
    await inspect('index');
    await press('Start the tour');
    const outcomes = [
      [/show 5/, ['5', '5', '5']],
      [/Tokyo is alone/, ['5', '5', '5']],
      [/Tokyo 9/, ['6', '6', '9']],
      [/Tokyo shows 10/, ['0', '0', '10']],
      [/takes writes again/, ['0', '0', '10']],
      [/equal digests/, ['5', '5', '5']],
    ] as const;
    await watchOutcomes();
    for (const [at, [outcome, quantities]] of outcomes.entries()) {
      await page.locator('.tour-text .primary').click(patience);
      await page.getByText(outcome).waitFor({ timeout: 60_000 });
      // What was shown of the carts in the moment in which it was told what became of them.
      expect(await page.evaluate(`window.shownWith[${at}]`)).toEqual(quantities);
      if (at === 3) await inspect('tour-during-partition');
      await press(at === outcomes.length - 1 ? 'Finish' : 'Next');
    }
    page.off('response', note);
    expect(missing).toEqual([]);
    await page.getByRole('heading', { name: 'All together again' }).waitFor(patience);
    await inspect('tour-end');
    await expect.poll(() => page.locator('.quantity').allTextContents(), patience).toEqual(['5', '5', '5']);
    expect(world.links.map((link) => link.view().state)).toEqual(['up', 'up', 'up']);
  });

  test('[TOUR1] is followed by where to go on: three carts, the console, documents that are there', async () => {
    await page.goto(server.url);
    const links = await page.getByRole('navigation', { name: 'To read on' }).getByRole('link').all();
    const addresses = await Promise.all(links.map(async (link) => (await link.getAttribute('href')) ?? ''));
    expect(addresses.length).toBeGreaterThan(3);
    for (const address of addresses) {
      const document = await page.request.get(`${server.url}${address}`);
      expect([address, document.status(), document.headers()['content-type']]).toEqual([address, 200, 'text/plain; charset=utf-8']);
    }
    for (const none of ['/docs/', '/docs/benchmarks/history.jsonl', '/docs/none.md'])
      expect([none, (await page.request.get(`${server.url}${none}`)).status()]).toEqual([none, 404]);
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Three carts' }).click();
    await page.getByRole('heading', { name: 'Three carts, one customer' }).waitFor(patience);
  });

  test('[TOUR2] that is left in the middle leaves nothing cut', async () => {
    const states = (): string[] => world.links.map((link) => link.view().state);
    await page.goto(server.url);
    await press('Start the tour');
    for (let step = 0; step < 2; step++) {
      await page.locator('.tour-text .primary').click(patience);
      await page.getByRole('button', { name: 'Next' }).click({ timeout: 60_000 });
    }
    expect(states()).toContain('cut');
    await page.goto(`${server.url}/console/`);
    await expect.poll(states, patience).toEqual(['up', 'up', 'up']);
  });

  test('[TOUR2] says what it mends before it is started', async () => {
    world.link('berlin', 'tokyo').cut();
    await world.region('new-york').process.pause();
    await page.goto(server.url);
    await page.getByText('Berlin and Tokyo do not hear each other; New York is paused. The tour needs a whole world').waitFor(patience);
    await inspect('index-with-faults');
    await press('Mend that and start the tour');
    await page.getByText('Step 1 of 6').waitFor(patience);
    expect([world.link('berlin', 'tokyo').view().state, world.region('new-york').process.view.state]).toEqual(['up', 'running']);
  });
});

describe('the console', () => {
  beforeAll(async () => {
    await page.goto(`${server.url}/console/`);
  });

  test('[CONSOLE1] shows the regions, their links and what they miss', async () => {
    for (const city of ['New York', 'Berlin', 'Tokyo'])
      await page.locator('.map-region', { hasText: city }).getByText('ready').waitFor(patience);
    await page.locator('.map-link', { hasText: '110 ms' }).waitFor(patience);
    await page.getByRole('region', { name: /^Missed ops/ }).waitFor(patience);
    await inspect('console-overview');
    await page.getByRole('button', { name: 'Members' }).click();
    const { origin } = await world.region('tokyo').client.status();
    await page.getByRole('article', { name: 'Berlin' }).getByText(origin).first().waitFor(patience);
    await inspect('console-members');
  });

  test('[CONSOLE8] Back leads to the view before, and another address is another view', async () => {
    const view = (name: string) => page.getByRole('heading', { level: 2, name });
    await press('Conflicts');
    await press('Documents');
    await view('Documents').waitFor(patience);
    await page.goBack();
    await view('Conflict journal').waitFor(patience);
    await page.goBack();
    await view('Members').waitFor(patience);
    await page.goForward();
    await view('Conflict journal').waitFor(patience);
    await page.evaluate(`location.hash = '#board'`);
    await view('Partition board').waitFor(patience);
    expect(await page.getByRole('button', { name: 'Partition board' }).getAttribute('aria-current')).toBe('page');
  });

  test('[CONSOLE2] [DEMO3] the board cuts and heals links, one way or both, and sets delays', async () => {
    await press('Partition board');
    const card = page.getByRole('article', { name: 'Link Berlin – Tokyo' });
    await card.getByRole('button', { name: 'Cut both ways' }).click();
    await expect.poll(() => world.link('berlin', 'tokyo').view().state, patience).toBe('cut');
    await card.getByRole('button', { name: 'Heal Tokyo to Berlin' }).click();
    await expect
      .poll(() => world.link('tokyo', 'berlin').view(), patience)
      .toMatchObject({ aToB: { state: 'up' }, bToA: { state: 'cut' } });
    await page.locator('.map-link', { hasText: /only Berlin\s*hears Tokyo/ }).waitFor(patience);
    await page.getByRole('listitem').getByText('Berlin hears Tokyo, Tokyo does not hear Berlin.').waitFor(patience);
    await card.getByText('Berlin hears Tokyo, Tokyo does not hear Berlin.').waitFor(patience);
    await inspect('console-one-way');
    const delayed = page.getByRole('article', { name: 'Link Berlin – New York' });
    await delayed.getByLabel('Delay of one way').fill('60');
    await delayed.getByRole('button', { name: 'Set' }).click();
    await expect.poll(() => world.link('new-york', 'berlin').view().aToB.delayMs, patience).toBe(60);
    await press('Heal all links');
    await expect.poll(() => world.links.map((link) => link.view().state), patience).toEqual(['up', 'up', 'up']);
  });

  test('[CONSOLE2] refuses a delay and a rate out of bounds at the field, and does nothing', async () => {
    const sent: string[] = [];
    const note = (request: Request): void => {
      if (request.method() === 'PUT') sent.push(request.url());
    };
    page.on('request', note);
    for (const [name, label, button, wrong, bounds] of [
      ['Link Berlin – New York', 'Delay of one way', 'Set', ['', '12.5', '-1', '10001'], 'a whole number from 0 to 10000'],
      ['Load', 'Writes per second', 'Start', ['', '0', '-3', '5000'], 'a whole number from 1 to 60'],
    ] as const) {
      const card = page.getByRole('article', { name });
      const field = card.getByLabel(label);
      for (const text of wrong) {
        await field.fill(text);
        await card.getByRole('button', { name: button }).click();
        await card.getByRole('alert').getByText(bounds).waitFor(patience);
        expect(await field.getAttribute('aria-invalid')).toBe('true');
      }
    }
    await inspect('console-refused-numbers');
    expect(sent).toEqual([]);
    await page.getByRole('article', { name: 'Load' }).getByLabel('Writes per second').fill('15');
    page.off('request', note);
  });

  test('[CONSOLE2] [DEMO9] the load goes on when the board is left, is told of everywhere, and ends when it is stopped', async () => {
    const card = page.getByRole('article', { name: 'Load' });
    await card.getByLabel('Minutes').selectOption('10');
    await card.getByRole('button', { name: 'Start' }).click();
    await card.getByText(/9:\d\d left/).waitFor(patience);
    await inspect('console-load');
    const quantity = async (): Promise<number> => {
      const cart = await world.region('berlin').client.read('carts', 'load-0');
      return (cart as { readonly items: { readonly 'article-0': { readonly qty: number } } }).items['article-0'].qty;
    };
    await press('Documents');
    await page.getByText(/^Load is on: 15 writes a second, 9:\d\d left\./).waitFor(patience);
    const before = await quantity();
    await expect.poll(quantity, patience).toBeGreaterThan(before);
    await page.reload();
    await page.getByRole('button', { name: 'Stop the load' }).click(patience);
    await page.getByText('Load is on').waitFor({ state: 'detached', ...patience });
    await press('Partition board');
    await card.getByText('off').waitFor(patience);
  });

  test('[CONSOLE3] a document that differs during a partition is shown with its differences, and equal after it', async () => {
    for (const other of ['berlin', 'new-york'] as const) world.link('tokyo', other).cut();
    const edit = (region: 'berlin' | 'tokyo', status: string) =>
      world.region(region).client.edit('carts', 'shown', [{ op: 'set', path: '/status', value: status }]);
    await edit('berlin', 'paid');
    await edit('tokyo', 'open');
    await press('Documents');
    await page.getByLabel('Open by id').fill('shown');
    await press('Open');
    const panel = page.getByRole('article', { name: 'carts/shown' });
    await panel.getByText('regions differ', { exact: true }).waitFor(patience);
    await panel.getByRole('table', { name: 'Where the regions differ' }).getByText('"open"').waitFor(patience);
    await inspect('console-during-partition');
    for (const other of ['berlin', 'new-york'] as const) world.link('tokyo', other).heal();
    await panel.getByText('equal digests in 3 regions').waitFor(patience);
    await panel.getByRole('button', { name: 'Show history' }).click();
    await panel
      .getByRole('list', { name: /^History/ })
      .getByText('/status')
      .first()
      .waitFor(patience);
    await inspect('console-after-heal');
  });

  test('[CONSOLE3] a document that a region lacks is said to be missing there, and is not asked for again and again', async () => {
    const missing: string[] = [];
    let digests = 0;
    const note = (response: Response): void => {
      if (response.status() === 404) missing.push(response.url());
      if (response.url().endsWith('/carts/half-there/digest')) digests += 1;
    };
    for (const other of ['berlin', 'new-york'] as const) world.link('tokyo', other).cut();
    page.on('response', note);
    const open = async (id: string): Promise<void> => {
      await page.getByLabel('Open by id').fill(id);
      await press('Open');
    };
    await open('half-there');
    const panel = page.getByRole('article', { name: 'carts/half-there' });
    const copyIn = (city: string) => panel.getByRole('region', { name: `carts/half-there in ${city}` });
    await panel.getByRole('status').getByText('no such document', { exact: true }).waitFor(patience);
    for (const city of ['New York', 'Berlin', 'Tokyo']) await copyIn(city).getByText('no such document').waitFor(patience);
    // Each region was asked for its digest again, and for a view that it does not have no more than once.
    await expect.poll(() => digests, patience).toBeGreaterThanOrEqual(9);
    expect(missing.length).toBe(3);
    await world.region('tokyo').client.edit('carts', 'half-there', [{ op: 'set', path: '/status', value: 'open' }]);
    await panel.getByText('regions differ', { exact: true }).waitFor(patience);
    await copyIn('Tokyo').getByText('"open"').waitFor(patience);
    await copyIn('Berlin').getByText('no such document').waitFor(patience);
    await inspect('console-missing-document');
    for (const other of ['berlin', 'new-york'] as const) world.link('tokyo', other).heal();
    await panel.getByText('equal digests in 3 regions').waitFor(patience);
    expect(missing.length).toBe(3);
    page.off('response', note);
    await open('a b');
    await page.getByRole('alert').getByText('a document is named').waitFor(patience);
    expect(await page.getByText('a document is named').count()).toBe(1);
    await open('half-there');
    await page.getByText('a document is named').waitFor({ state: 'detached', ...patience });
  });

  test('[CONSOLE4] the journal has what was lost, and brings it back', async () => {
    let load = (): void => {};
    const whenLoaded = new Promise<void>((resolve) => {
      load = resolve;
    });
    await page.route('**/v1/conflicts?*', async (route) => {
      await whenLoaded;
      await route.continue();
    });
    await press('Conflicts');
    await page.getByText('The journal is loading.').waitFor(patience);
    load();
    await page.unrouteAll({ behavior: 'wait' });
    await page.getByText('The journal is loading.').waitFor({ state: 'detached', ...patience });
    const entry = page.getByRole('listitem').filter({ hasText: 'carts/shown /status' }).first();
    await entry.waitFor(patience);
    await inspect('console-conflicts');
    const lost = (await entry.getByRole('button', { name: /^Restore/ }).textContent())?.replace('Restore ', '') ?? '';
    await entry.getByRole('button', { name: /^Restore/ }).click();
    await page.getByRole('status').getByText('is back at').waitFor(patience);
    const statusIn = async () => ((await world.region('tokyo').client.read('carts', 'shown')) as { readonly status: string }).status;
    await expect.poll(statusIn, patience).toBe(JSON.parse(lost));
    await entry.getByText('which won, and was overwritten since').waitFor(patience);
  });

  test('[CONSOLE4] the journal is asked for when there are other operations than before, and while it is shown', async () => {
    const asked: string[] = [];
    const ticks = async (count: number): Promise<void> => {
      for (let tick = 0; tick < count; tick++) await page.waitForResponse((response) => response.url().endsWith('/v1/status'), patience);
    };
    const note = (request: Request): void => {
      if (request.url().includes('/v1/conflicts')) asked.push(request.url());
    };
    page.on('request', note);
    // What came before was asked for.
    await expect
      .poll(async () => {
        asked.length = 0;
        await ticks(12);
        return asked;
      }, patience)
      .toEqual([]);
    await world.region('berlin').client.edit('carts', 'shown', [{ op: 'set', path: '/status', value: 'later' }]);
    await expect.poll(() => asked.some((url) => url.endsWith('collection=carts')), patience).toBe(true);
    await press('Members');
    asked.length = 0;
    await world.region('berlin').client.edit('carts', 'shown', [{ op: 'set', path: '/status', value: 'last' }]);
    await ticks(12);
    expect(asked).toEqual([]);
    page.off('request', note);
  });

  test('[CONSOLE5] [DEMO3] says so when a region is down, shows the others, and starts it again', async () => {
    await press('Partition board');
    const card = page.getByRole('article', { name: 'Process of Tokyo' });
    await card.getByRole('button', { name: 'Kill' }).click();
    await page.locator('.map-region.bad', { hasText: 'Tokyo' }).waitFor(patience);
    await page.locator('.map-region.good', { hasText: 'Berlin' }).waitFor(patience);
    expect(await page.locator('.map-link.idle', { hasText: 'no answer' }).count()).toBe(2);
    expect(await page.locator('.map-link.good').count()).toBe(1);
    await page.getByRole('img', { name: 'Tokyo does not answer; 3 links, 2 of them not whole' }).waitFor(patience);
    await inspect('console-board');
    await card.getByRole('button', { name: 'Restart' }).click();
    await page.locator('.map-region.good', { hasText: 'Tokyo' }).waitFor(patience);
    await expect.poll(() => page.locator('.map-link.good').count(), patience).toBe(3);
    // What the region that was down did not answer, the browser reports by itself.
    expect(complaints).toEqual([]);
  });

  test('[CONSOLE7] says so when what runs the world does not answer, and asks no more where there is none', async () => {
    const notice = page.locator('.notice');
    await page.route('**/api/status', (route) => route.abort());
    await notice.waitFor(patience);
    await page.locator('.map-region.good', { hasText: 'Berlin' }).waitFor(patience);
    await inspect('console-world-silent');
    await page.unroute('**/api/status');
    await notice.waitFor({ ...patience, state: 'detached' });
    let asked = 0;
    const elsewhere = await browser.newPage();
    await elsewhere.route('**/api/status', (route) => {
      asked += 1;
      return route.fulfill({ status: 404, json: { code: 'route_not_found' } });
    });
    await elsewhere.clock.install();
    await elsewhere.goto(`${server.url}/console/`);
    await elsewhere.getByRole('textbox', { name: /Addresses of the regions/ }).waitFor(patience);
    await elsewhere.clock.runFor(10_000);
    expect(asked).toBe(1);
    await elsewhere.close();
  });
});
