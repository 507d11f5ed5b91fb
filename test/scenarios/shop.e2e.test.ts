// The shop in a real browser, over three real regions that are cut, killed and healed: what customers see of it.

import { PageServer, stockShelves, World } from '@anabranch/demo';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { launchBrowser } from './browser.ts';
import { patience, quantityIn, Visitor, type VisitorOptions } from './shop-visitor.ts';

describe('the shop', () => {
  let world: World;
  let server: PageServer;
  let browser: Browser;
  const defects: string[] = [];
  const visitors: Visitor[] = [];

  beforeAll(async () => {
    world = await World.start();
    await stockShelves(world);
    await world.untilConverged({ deadlineMs: 20_000, collections: ['inventory'] });
    server = await PageServer.listen(world, world.portBase, (error) => defects.push(String(error)));
    browser = await launchBrowser();
  }, 120_000);

  afterEach(async () => {
    world.healAll();
    await Promise.all(visitors.splice(0).map((visitor) => visitor.leave()));
    expect(defects).toEqual([]);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await world?.stop();
  });

  async function come(options: VisitorOptions): Promise<Visitor> {
    const visitor = await Visitor.come(browser, server.url, options);
    visitors.push(visitor);
    return visitor;
  }

  test('[SHOP11] what is added in two regions that are cut apart adds up when they are healed, and both say so', async () => {
    const here = await (await come({ customer: 'ann', region: 'new-york' })).enter();
    const there = await (await come({ customer: 'ann', region: 'tokyo' })).enter();
    world.isolate('tokyo');
    await Promise.all([here.add('tea', 2), there.add('tea', 3)]);
    await here.cart.untilBadge('tea', 'majority');
    await there.cart.untilBadge('tea', 'durable');
    await here.cart.untilQuantity('tea', 2);
    await there.cart.untilQuantity('tea', 3);

    world.healAll();
    await here.cart.untilQuantity('tea', 5);
    await there.cart.untilQuantity('tea', 5);
    await here.cart.note('line tea').getByText('Tokyo also changed this: 2 + 3 = 5').waitFor(patience);
    await there.cart.note('line tea').getByText('New York also changed this: 3 + 2 = 5').waitFor(patience);
    expect(await here.page.locator('[aria-live="polite"]').last().textContent()).toContain('2 + 3 = 5');
    await world.untilConverged({ deadlineMs: 20_000, collections: ['carts'] });
    expect(await quantityIn(world, 'berlin', 'ann', 'tea')).toBe(5);

    // Removed here, raised there: what the remover had not seen stays.
    world.isolate('tokyo');
    await here.cart.remove('tea');
    await here.cart.untilGone('tea');
    for (const _ of [1, 2, 3]) await there.cart.increase('tea');
    await there.cart.untilQuantity('tea', 8);
    world.healAll();
    await here.cart.untilQuantity('tea', 3);
    await there.cart.untilQuantity('tea', 3);
    await here.cart.note('line tea').getByText('Tokyo added 3 while you removed it: 3 stay.').waitFor(patience);
    await there.cart.note('line tea').getByText('New York removed the 5 it had seen: your 3 stay.').waitFor(patience);
  });

  test('[SHOP11] three carts side by side show what meets: quantities, the gift note, a choice that was replaced', async () => {
    const tab = await (await come({ customer: 'tri', width: 1440 })).enter('three-carts');
    const [newYork, berlin, tokyo] = [tab.cartIn('new-york'), tab.cartIn('berlin'), tab.cartIn('tokyo')];
    await newYork.root.getByRole('checkbox', { name: 'Gift wrapping' }).check();
    for (const cart of [berlin, tokyo]) await cart.root.getByLabel('Gift note', { exact: true }).waitFor(patience);

    await tab.page.getByRole('button', { name: 'Cut Berlin off' }).click();
    await tab.page.getByText('Berlin is cut off.').waitFor(patience);
    for (const cart of [newYork, berlin]) {
      await cart.root.getByLabel(/^Quantity for/).selectOption('2');
      await cart.root.getByRole('button', { name: /^Add/ }).click();
    }
    await newYork.root.getByLabel('Gift note', { exact: true }).pressSequentially('From New York. ');
    await berlin.root.getByLabel('Gift note', { exact: true }).pressSequentially('From Berlin. ');
    await newYork.root.getByRole('radio', { name: /Pick up/ }).check();
    await newYork.root.locator('.activity .badge[data-state="majority"]').first().waitFor(patience);
    await berlin.root.getByRole('radio', { name: /Express/ }).check();
    await berlin.root.locator('.activity .badge[data-state="durable"]').first().waitFor(patience);
    await tokyo.untilQuantity('tea', 2);

    await tab.page.getByRole('button', { name: 'Heal all links' }).click();
    for (const cart of [newYork, berlin, tokyo]) {
      await cart.untilQuantity('tea', 4);
      await vi.waitFor(async () => {
        const note = await cart.root.getByLabel('Gift note', { exact: true }).inputValue();
        expect([note.includes('From New York.'), note.includes('From Berlin.')]).toEqual([true, true]);
      }, patience);
    }
    await newYork.note('line tea').getByText('Berlin also changed this: 2 + 2 = 4').waitFor(patience);
    await newYork.note('note').getByText('Berlin wrote in the gift note too').waitFor(patience);
    await newYork.note('delivery').getByText('Berlin chose Express later: it replaced your Pick up.').waitFor(patience);

    await newYork.root.getByRole('button', { name: 'Use Pick up' }).click();
    for (const cart of [berlin, tokyo]) {
      await vi.waitFor(async () => expect(await cart.root.getByRole('radio', { name: /Pick up/ }).isChecked()).toBe(true), patience);
    }
  });

  test('[SHOP4] one cart ordered on both sides of a cut: what is told is what happened, and the cart is set right', async () => {
    const tab = await (await come({ customer: 'duo', width: 1440 })).enter('three-carts');
    const [newYork, berlin, tokyo] = [tab.cartIn('new-york'), tab.cartIn('berlin'), tab.cartIn('tokyo')];
    await newYork.root.getByLabel(/^Product for/).selectOption('candle');
    await newYork.root.getByRole('button', { name: /^Add/ }).click();
    await newYork.root.getByRole('checkbox', { name: 'Gift wrapping' }).check();
    for (const cart of [berlin, tokyo]) await cart.untilQuantity('candle', 1);
    await berlin.root.getByLabel('Gift note', { exact: true }).waitFor(patience);

    await tab.page.getByRole('button', { name: 'Cut Berlin off' }).click();
    await tab.page.getByText('Berlin is cut off.').waitFor(patience);
    await berlin.root.getByLabel('Gift note', { exact: true }).pressSequentially('For Bo');
    for (const cart of [newYork, berlin]) {
      await cart.order();
      await cart.outcome('placed').waitFor(patience);
    }
    await tab.page.getByRole('button', { name: 'Heal all links' }).click();
    await newYork.note('order').getByText('An order was placed in Berlin: it holds units that had left the cart before.').waitFor(patience);
    for (const cart of [newYork, berlin, tokyo]) {
      await cart.note('less candle').getByText('1 × Beeswax candle more left this cart than were in it').waitFor(patience);
      await cart.untilGone('candle');
      expect(await cart.root.locator('.notes').allTextContents()).not.toContain(expect.stringMatching(/both texts|−1/));
    }
    await tokyo.root.getByRole('button', { name: 'Set it to none' }).click();
    for (const cart of [newYork, berlin, tokyo]) await cart.note('less candle').waitFor({ state: 'detached', ...patience });
    expect(await quantityIn(world, 'tokyo', 'duo', 'candle')).toBeUndefined();
  });

  test('[SHOP4] three carts say so when a region does not answer, or is not heard', async () => {
    const tab = await (await come({ customer: 'tri', width: 1440 })).enter('three-carts');
    await tab.page.getByText('All regions hear each other.').waitFor(patience);
    // The device of the shop itself is none of the three.
    expect(await tab.page.locator('.connection-bar').count()).toBe(0);
    world.link('new-york', 'berlin').cut('b-to-a');
    await tab.page.getByText('Berlin hears New York, New York does not hear Berlin.').waitFor(patience);
    world.healAll();
    await world.region('tokyo').process.pause();
    await tab.page.getByText('Tokyo does not answer.').waitFor(patience);
    await tab.cartIn('tokyo').root.getByText('no answer').waitFor(patience);
    await tab.page.getByRole('link', { name: 'Start it on the console' }).waitFor(patience);
    await world.region('tokyo').process.resume();
    await tab.page.getByText('All regions hear each other.').waitFor(patience);
  });

  test('[SHOP12] when its region is killed the shop goes on in another one: nothing is lost, doubled, or shown older', async () => {
    const tab = await (await come({ customer: 'fay' })).enter();
    await tab.add('mug');
    await tab.cart.untilBadge('mug', 'all');
    await tab.page.evaluate(`
      window.seen = [];
      const look = () => {
        const shown = Number(document.querySelector('[data-line="mug"] .quantity')?.textContent ?? 0);
        if (window.seen.at(-1) !== shown) window.seen.push(shown);
      };
      look();
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    `);
    const victim = await tab.region();
    await tab.add('mug', 4);
    await world.region(victim).process.kill();
    await tab.add('mug', 4);
    await tab.cart.untilQuantity('mug', 9);
    await tab.page.locator(`.connection-bar [data-connection="online"]:not([data-region="${victim}"])`).waitFor(patience);
    await tab.add('mug');
    // It goes on, or waits for what the victim acknowledged in its last milliseconds and took along: and says which.
    const goesOn = tab.page.locator('.cart-panel [data-line="mug"] .badge[data-state="majority"]');
    const waits = tab.page.locator('.connection-bar').getByText('has not heard all that you have seen');
    await goesOn.or(waits).first().waitFor(patience);
    await world.region(victim).process.restart();
    await tab.cart.untilBadge('mug', 'all');
    await world.untilConverged({ deadlineMs: 60_000, collections: ['carts'] });
    for (const { name } of world.regions) expect(await quantityIn(world, name, 'fay', 'mug')).toBe(10);
    await tab.cart.untilQuantity('mug', 10);
    expect(await tab.page.evaluate('window.seen')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('[SHOP13] the last unit, wanted on both sides of a partition, is sold once; who is refused is told who has it', async () => {
    const there = await (await come({ customer: 'bo', region: 'berlin' })).enter();
    const here = await (await come({ customer: 'cy', region: 'tokyo' })).enter();
    world.isolate('berlin');
    for (const tab of [there, here]) {
      await tab.product('grinder').getByText('Last one').waitFor(patience);
      await tab.add('grinder');
    }
    await there.cart.untilBadge('grinder', 'durable');
    await here.cart.untilBadge('grinder', 'majority');
    const said = await here.cart.listen();
    await Promise.all([there.cart.order(), here.cart.order()]);
    await there.cart.outcome('placed').getByText('Ordered in Berlin').waitFor(patience);
    const refusal = here.cart.outcome('failed');
    await refusal.getByText('Hand grinder cannot be sold here in Tokyo').waitFor(patience);
    await refusal.getByText('Berlin holds 1 of the last units; here 0. You want 1.').waitFor(patience);
    // Until then, too, nothing was said to help that could not.
    expect((await said()).join('\n')).not.toMatch(/order again|place the order/i);
    await here.cart.untilQuantity('grinder', 1);
    await there.cart.untilGone('grinder');

    world.healAll();
    await here.product('grinder').getByText('Sold out').waitFor(patience);
    await here.cart.line('grinder').getByText('Sold out meanwhile').waitFor(patience);
    // What was the reason is so no longer: the other reason is said.
    await refusal.getByText('Hand grinder is sold out').waitFor(patience);
    await here.cart.order();
    await here.cart.outcome('failed').getByText('Hand grinder is sold out').waitFor(patience);

    await there.page.getByRole('link', { name: 'See your orders' }).click();
    await there.page.locator('.order').getByText('1 × Hand grinder').waitFor(patience);
    expect(await world.region('tokyo').client.read('inventory', 'grinder')).toMatchObject({ stock: 0, reserved: 1 });
  });

  test('[SHOP7] an order that got no answer is asked for again, over a reload, and is placed once', async () => {
    const tab = await (await come({ customer: 'dee', region: 'berlin' })).enter();
    await tab.add('cocoa', 2);
    await tab.cart.untilBadge('cocoa', 'all');
    await world.region('berlin').process.pause();
    await tab.cart.order();
    await tab.cart.outcome('unknown').getByText('Did the order arrive?').waitFor(patience);
    await tab.page.reload();
    await tab.cart.outcome('unknown').waitFor(patience);
    // The region has never read what it was sent.
    await world.region('berlin').process.kill();
    await world.region('berlin').process.restart();
    await tab.untilConnected('berlin');
    await tab.cart.root.getByRole('button', { name: 'Ask again' }).click();
    await tab.cart.outcome('placed').waitFor(patience);
    await tab.cart.untilGone('cocoa');
    await world.untilConverged({ deadlineMs: 60_000, collections: ['inventory', 'carts', 'orders'] });
    expect(await world.region('tokyo').client.read('inventory', 'cocoa')).toMatchObject({ stock: 34, reserved: 2 });
  });

  test('[SHOP8] an order that waits is asked for no more when another device changes the cart, on a page that does not show it', async () => {
    const tab = await (await come({ customer: 'gus', region: 'berlin' })).enter();
    const other = await (await come({ customer: 'gus', region: 'tokyo' })).enter();
    await tab.add('candle');
    await other.cart.untilQuantity('candle', 1);
    const orders = await refuseOrders(tab.page);
    await tab.cart.order();
    await tab.cart.outcome('waiting').waitFor(patience);
    const nav = tab.page.getByRole('navigation');
    await nav.getByRole('link', { name: 'Orders' }).click();
    await tab.cart.root.waitFor({ state: 'detached', ...patience });
    await expect.poll(orders.asked, { timeout: patience.timeout }).toBe(2);
    await other.add('tea', 2);
    await nav.locator('.count').filter({ hasText: /^3/ }).waitFor(patience);
    orders.answerSecond();
    await nav.getByRole('link', { name: /^Cart/ }).click();
    await tab.cart.outcome('failed').getByText('the cart became another than the one you ordered').waitFor(patience);
    expect(orders.asked()).toBe(2);
    await tab.page.unroute(orders.pattern);
    await tab.cart.order();
    await tab.cart.outcome('placed').waitFor(patience);
    await tab.cart.untilGone('tea');
  });

  test('[SHOP8] an order without a connection is not sent, and the cart waits', async () => {
    const tab = await (await come({ customer: 'eve' })).enter();
    await tab.page.locator('.connection-bar').getByRole('switch', { name: 'Work offline' }).click();
    await tab.page.getByText('Working offline').waitFor(patience);
    // It is a choice, and stays one.
    await tab.page.reload();
    await tab.page.getByText('Working offline').waitFor(patience);
    await tab.add('candle');
    await tab.cart.untilBadge('candle', 'saved');
    await tab.cart.order();
    await tab.cart.outcome('failed').getByText('The shop is switched offline.').waitFor(patience);
    await tab.cart.untilQuantity('candle', 1);
    await tab.page.locator('.connection-bar').getByRole('switch', { name: 'Work offline' }).click();
    await tab.cart.untilBadge('candle', 'all');
  });
});

/** Refuses orders, as a region does whose peers have not given what is missing: the second one once it is told to. */
async function refuseOrders(page: Page) {
  const pattern = '**/v1/transactions';
  const holders = [{ origin: 'tokyo.1', rights: 1, isReachable: true }];
  const json = { code: 'insufficient_rights', detail: 'no', writeIndex: 0, needed: 1, held: 0, total: 1, holders };
  const headers = { 'access-control-allow-origin': '*' };
  let answerSecond = (): void => {};
  const whenTold = new Promise<void>((resolve) => {
    answerSecond = resolve;
  });
  let asked = 0;
  await page.route(pattern, async (route) => {
    asked += 1;
    if (asked === 2) await whenTold;
    await route.fulfill({ status: 409, headers, json });
  });
  return { pattern, asked: () => asked, answerSecond };
}
