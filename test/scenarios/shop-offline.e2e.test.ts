// The shop as an application of the device: it opens when nobody can be asked, in several tabs, and through an update.

import { PageServer, stockShelves, World } from '@anabranch/demo';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from './browser.ts';
import { ShopHost } from './shop-host.ts';
import { patience, quantityIn, Visitor, type VisitorOptions } from './shop-visitor.ts';

describe('the shop on a device', () => {
  let world: World;
  let server: PageServer;
  let browser: Browser;
  const visitors: Visitor[] = [];
  const defects: string[] = [];

  beforeAll(async () => {
    world = await World.start();
    await stockShelves(world);
    await serve();
    browser = await launchBrowser();
  }, 120_000);

  afterEach(async () => {
    await Promise.all(visitors.splice(0).map((visitor) => visitor.leave()));
    expect(defects).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await world?.stop();
  });

  async function serve(): Promise<void> {
    server = await PageServer.listen(world, world.portBase, (error) => defects.push(String(error)));
  }

  async function come(options: VisitorOptions, url = server.url): Promise<Visitor> {
    const visitor = await Visitor.come(browser, url, options);
    visitors.push(visitor);
    return visitor;
  }

  test('[SHOP14] opens, writes and reloads when neither the page nor a region can be reached, and comes back', async () => {
    const visitor = await come({ customer: 'ida' });
    const first = await visitor.enter();
    await first.add('tea');
    await first.cart.untilBadge('tea', 'all');
    await first.untilKept();
    await first.page.close();

    await server.stop();
    await Promise.all(world.regions.map(({ process }) => process.kill()));
    const tab = await visitor.openTab();
    await tab.cart.untilQuantity('tea', 1);
    await tab.product('tea').getByText('36 in stock').waitFor(patience);
    await tab.add('tea', 2);
    await tab.add('candle');
    await tab.cart.untilBadge('candle', 'saved');
    await tab.page.getByText('3 changes wait on this device.').waitFor(patience);
    await tab.page.reload();
    await tab.cart.untilQuantity('tea', 3);
    await tab.cart.untilQuantity('candle', 1);
    await tab.cart.untilBadge('candle', 'saved');
    await tab.cart.untilBadge('tea', 'saved');
    await tab
      .product('tea')
      .getByText(/^36 in stock, as of \d\d:\d\d$/)
      .waitFor(patience);
    await tab.page.getByText('3 changes wait on this device.').waitFor(patience);

    await Promise.all(world.regions.map(({ process }) => process.restart()));
    await world.untilReady();
    await serve();
    await tab.untilConnected();
    await tab.page.getByText(/wait on this device/).waitFor({ state: 'detached', ...patience });
    await tab.cart.untilBadge('candle', 'all');
    await tab.product('tea').getByText('36 in stock', { exact: true }).waitFor(patience);
    await world.untilConverged({ deadlineMs: 60_000, collections: ['carts'] });
    for (const { name } of world.regions) {
      expect(await quantityIn(world, name, 'ida', 'tea')).toBe(3);
      expect(await quantityIn(world, name, 'ida', 'candle')).toBe(1);
    }
  });

  test('[SHOP14] says so when it was never open here and nobody can be asked', async () => {
    const visitor = await come({ customer: 'new' });
    await visitor.context.route('**/api/status', (route) => route.abort());
    const page = await visitor.context.newPage();
    await page.goto(`${server.url}/shop/`);
    await page.getByRole('alert').getByText('never been open on this device').waitFor(patience);
    await visitor.context.unroute('**/api/status');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Connected to').waitFor(patience);
  });

  test('[SHOP15] two tabs are one device: each shows what the other does, and either goes on alone', async () => {
    const visitor = await come({ customer: 'tom' });
    const [first, second] = [await visitor.enter(), await visitor.enter('cart')];
    await first.add('matcha', 2);
    await second.cart.untilQuantity('matcha', 2);
    await second.cart.increase('matcha');
    await first.cart.untilQuantity('matcha', 3);
    await first.page.close();
    await second.untilConnected();
    await second.cart.increase('matcha');
    await second.cart.untilBadge('matcha', 'all');
    expect(await quantityIn(world, 'tokyo', 'tom', 'matcha')).toBe(4);
    const third = await visitor.enter();
    await third.cart.untilQuantity('matcha', 4);
  });

  test('[SHOP16] another version waits for who wants it, and tabs that are open go on', async () => {
    const host = await ShopHost.start(world);
    try {
      const visitor = await come({ customer: 'una' }, host.url);
      const [wanting, busy] = [await visitor.enter(), await visitor.enter()];
      await wanting.untilKept();
      const before = await wanting.scripts();
      host.deploy('v2');
      await wanting.page.evaluate('navigator.serviceWorker.getRegistration().then((registration) => registration.update())');
      const useNow = wanting.page.getByRole('button', { name: 'Use it now' });
      await useNow.waitFor(patience);
      await busy.page.getByText('A new version of the shop is ready.').waitFor(patience);

      // Until somebody wants it, everything is of the version before.
      const another = await visitor.enter();
      expect(await another.scripts()).toEqual(before);

      await useNow.click();
      await wanting.page.waitForFunction(`[...document.scripts].some(({ src }) => src.includes('v2'))`, undefined, patience);
      await wanting.untilConnected();
      await busy.add('coffee');
      await busy.cart.untilBadge('coffee', 'all');
      await wanting.cart.untilQuantity('coffee', 1);
      expect(await busy.scripts()).toEqual(before);

      await busy.page.getByRole('button', { name: 'Use it now' }).waitFor(patience);

      // The files of the version before are still there for who has not loaded all of them.
      const kept: unknown = await busy.page.evaluate(
        `Promise.all(${JSON.stringify(before)}.map(async (src) => (await fetch(src)).status))`,
      );
      expect(kept).toEqual(before.map(() => 200));
      await busy.page.getByRole('button', { name: 'Use it now' }).click();
      await busy.page.waitForFunction(`[...document.scripts].some(({ src }) => src.includes('v2'))`, undefined, patience);
    } finally {
      await host.stop();
    }
  });

  test('[SHOP16] a tab that was loaded past the version before is told of the next one too', async () => {
    const host = await ShopHost.start(world);
    try {
      const visitor = await come({ customer: 'udo' }, host.url);
      const tab = await visitor.enter();
      await tab.untilKept();
      await tab.reloadPastWorker();
      await tab.untilConnected();
      host.deploy('v2');
      await tab.page.evaluate('navigator.serviceWorker.getRegistration().then((registration) => registration.update())');
      await tab.page.getByRole('button', { name: 'Use it now' }).click(patience);
      await tab.page.waitForFunction(`[...document.scripts].some(({ src }) => src.includes('v2'))`, undefined, patience);
    } finally {
      await host.stop();
    }
  });
});
