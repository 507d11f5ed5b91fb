// The status page in a real browser, over a real world: what a person sees and presses.

import { PageServer, World } from '@anabranch/demo';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from './browser.ts';

const patience = { timeout: 30_000 };

describe('the status page', () => {
  let world: World;
  let server: PageServer;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    world = await World.start();
    server = await PageServer.listen(world, 0, (error) => complaints.push(String(error)));
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(server.url);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await world?.stop();
  });

  const region = (name: string) => page.locator(`[data-region="${name}"]`);
  const view = (name: string) => page.locator(`[data-view="${name}"]`);
  const link = (pair: string) => page.locator(`[data-link="${pair}"]`);
  const summary = () => page.getByRole('status');

  async function addToCart(city: string, quantity: number): Promise<void> {
    await page.getByLabel('Region', { exact: true }).selectOption({ label: city });
    await page.getByLabel('Quantity').fill(String(quantity));
    await page.getByRole('button', { name: 'Add', exact: true }).click();
  }

  test('[DEMO3] shows three regions that are ready, their origins, and the delay of each link', async () => {
    for (const { name } of world.regions) {
      await region(name).getByText('ready', { exact: true }).waitFor(patience);
      expect(await region(name).getByRole('row').count()).toBe(4);
    }
    await summary().getByText('All regions hold the same ops').waitFor(patience);
    const { origin } = await world.region('tokyo').client.status();
    expect(await region('berlin').textContent()).toContain(origin.split('.')[1]);
    expect(await link('new-york tokyo').getByLabel('Delay').inputValue()).toBe('110');
  });

  test('[DEMO3] the buttons cut and heal a link, both ways and one way', async () => {
    await page.getByRole('button', { name: 'Cut Berlin – Tokyo, both ways' }).click();
    await link('berlin tokyo').getByText('cut', { exact: true }).first().waitFor(patience);
    expect(world.link('berlin', 'tokyo').view().state).toBe('cut');

    await page.getByRole('button', { name: 'Heal Tokyo to Berlin' }).click();
    await link('berlin tokyo').getByText('one way cut').waitFor(patience);
    expect(world.link('tokyo', 'berlin').view()).toMatchObject({ aToB: { state: 'up' }, bToA: { state: 'cut' } });

    await page.getByRole('button', { name: 'Heal Berlin – Tokyo, both ways' }).click();
    await link('berlin tokyo').getByText('up', { exact: true }).waitFor(patience);
    expect(world.link('berlin', 'tokyo').view().state).toBe('up');
  });

  test('[DEMO3] a delay that is typed in becomes the delay of the link', async () => {
    const delay = link('berlin new-york').getByLabel('Delay');
    await delay.fill('60');
    await delay.press('Enter');
    await link('berlin new-york').getByText('60 ms').first().waitFor(patience);
    expect(world.link('new-york', 'berlin').view().aToB.delayMs).toBe(60);
  });

  test('[DEMO3] a cart diverges across a partition and converges after it', async () => {
    await addToCart('Berlin', 1);
    for (const { name } of world.regions) await view(name).getByText('"qty": 1').waitFor(patience);

    await page.getByRole('button', { name: 'Cut Tokyo off' }).click();
    await addToCart('New York', 2);
    await addToCart('Tokyo', 3);
    await view('berlin').getByText('"qty": 3').waitFor(patience);
    await view('tokyo').getByText('"qty": 4').waitFor(patience);
    await view('tokyo').getByText('differs').waitFor(patience);
    await view('berlin').getByText('same as New York').waitFor(patience);
    await summary().getByText('Tokyo misses').waitFor(patience);

    await page.getByRole('button', { name: 'Heal all' }).click();
    for (const { name } of world.regions) {
      await view(name).getByText('"qty": 6').waitFor(patience);
      await view(name).getByText('same', { exact: true }).waitFor(patience);
    }
    const digests = await Promise.all(world.regions.map(({ name }) => view(name).locator('code').textContent()));
    expect(new Set(digests).size).toBe(1);
    await summary().getByText('All regions hold the same ops').waitFor(patience);
  });

  test('[DEMO3] says so when a region is down, and starts it again', async () => {
    await page.getByRole('button', { name: 'Kill Tokyo' }).click();
    await region('tokyo').getByText('down', { exact: true }).waitFor(patience);
    await summary().getByText('Tokyo does not answer').waitFor(patience);
    await view('tokyo').getByText('no answer').waitFor(patience);
    await addToCart('Tokyo', 1);
    await page.getByRole('alert').getByText('tokyo did not answer').waitFor(patience);
    await addToCart('Berlin', 1);
    await view('new-york').getByText('"qty": 7').waitFor(patience);

    await page.getByRole('button', { name: 'Start Tokyo' }).click();
    await region('tokyo').getByText('ready', { exact: true }).waitFor(patience);
    await view('tokyo').getByText('"qty": 7').waitFor(patience);
  });

  test('[DEMO3] fits a phone, works by keyboard, and has nothing to complain about', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await page.getByRole('button', { name: 'Cut Tokyo off' }).focus();
    await page.keyboard.press('Enter');
    await link('new-york tokyo').getByText('cut', { exact: true }).first().waitFor(patience);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await link('new-york tokyo').getByText('up', { exact: true }).waitFor(patience);
    // The browser itself reports the refused edit of the region that was down.
    expect(complaints.filter((complaint) => !complaint.includes('503'))).toEqual([]);
  });
});
