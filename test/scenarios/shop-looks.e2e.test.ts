// How the shop looks, and whether everybody can use it: every page in light and dark, on a phone and on a desktop, searched
// for barriers, and kept as a picture in test/output/screenshots.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { PageServer, stockShelves, World } from '@anabranch/demo';
import type { AxeResults } from 'axe-core';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from './browser.ts';
import { patience, type Tab, Visitor } from './shop-visitor.ts';

const pictures = fileURLToPath(new URL('../output/screenshots/', import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const sizes = [
  { width: 1280, height: 900 },
  { width: 390, height: 844 },
];

describe('the look of the shop', () => {
  let world: World;
  let server: PageServer;
  let browser: Browser;
  let visitor: Visitor;
  let tab: Tab;

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    world = await World.start();
    await stockShelves(world);
    await world.untilConverged({ deadlineMs: 20_000, collections: ['inventory'] });
    server = await PageServer.listen(world, world.portBase, () => {});
    browser = await launchBrowser();
    visitor = await Visitor.come(browser, server.url, { customer: 'lou', region: 'new-york' });
    tab = await visitor.enter();
    await tab.page.evaluate(axe);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await world?.stop();
  });

  /** Looks at what is shown, in every size and scheme. */
  async function inspect(name: string): Promise<void> {
    for (const size of sizes) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await tab.page.setViewportSize(size);
        await tab.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const look = `${name}, ${size.width} px, ${colorScheme}`;
        expect(await barriers(tab.page), look).toEqual([]);
        expect(await tab.page.evaluate('document.documentElement.scrollWidth'), look).toBeLessThanOrEqual(size.width);
        await tab.page.evaluate('scrollTo(0, 0)');
        await tab.page.screenshot({ path: `${pictures}shop-${name}-${size.width}-${colorScheme}.png`, fullPage: true });
      }
    }
    for (const width of [320, 600, 820, 1024, 1440]) {
      await tab.page.setViewportSize({ width, height: 900 });
      expect(await tab.page.evaluate('document.documentElement.scrollWidth'), `${name}, ${width} px`).toBeLessThanOrEqual(width);
    }
    await tab.page.setViewportSize({ width: 1280, height: 900 });
  }

  const goTo = (page: string): Promise<void> =>
    tab.page
      .getByRole('navigation')
      .getByRole('link', { name: new RegExp(`^${page}`) })
      .click();

  test('[SHOP17] the products', async () => {
    await tab.product('candle').getByText('36 in stock').waitFor(patience);
    await tab.add('tea', 2);
    await tab.add('mug');
    await tab.cart.untilBadge('mug', 'all');
    await tab.add('cocoa');
    // With three lines in the cart, too, nobody has to look for the way to order them.
    await tab.cart.untilQuantity('cocoa', 1);
    expect(await isInSight(tab.cart.root.getByRole('button', { name: /^Place order/ }))).toBe(true);
    await tab.cart.untilBadge('cocoa', 'all');
    await inspect('products');
  });

  test('[SHOP17] an order that was placed, and the orders', async () => {
    await tab.cart.root.getByRole('checkbox', { name: 'Gift wrapping' }).check();
    await tab.cart.root.getByLabel('Gift note', { exact: true }).pressSequentially('Enjoy the first cup!');
    await tab.cart.root.getByLabel('Coupon', { exact: true }).fill('save10');
    await tab.page.keyboard.press('Enter');
    await tab.cart.root.getByLabel('Coupons in the cart').getByText('SAVE10').waitFor(patience);
    await tab.cart.root.getByLabel('Coupon', { exact: true }).fill('nothing');
    await tab.page.keyboard.press('Enter');
    await tab.cart.root.getByText('There is no coupon NOTHING.').waitFor(patience);
    await tab.cart.order();
    await tab.cart.outcome('placed').waitFor(patience);
    await goTo('Orders');
    await tab.page.locator('.order').getByText('Enjoy the first cup!').waitFor(patience);
    await inspect('orders');
  });

  test('[SHOP17] a cart with conflicts', async () => {
    const elsewhere = await Visitor.come(browser, server.url, { customer: 'lou', region: 'tokyo' });
    const there = await elsewhere.enter('');
    await goTo('Shop');
    await tab.add('mug');
    await there.cart.untilQuantity('mug', 1);
    world.isolate('tokyo');
    await tab.add('tea', 2);
    await there.add('tea', 3);
    await tab.cart.remove('mug');
    await there.cart.increase('mug');
    await tab.cart.root.getByRole('radio', { name: /Pick up/ }).check();
    await tab.cart.untilBadge('tea', 'majority');
    await there.cart.root.getByRole('radio', { name: /Express/ }).check();
    await there.cart.untilBadge('tea', 'durable');
    world.healAll();
    await tab.cart.note('line tea').waitFor(patience);
    await tab.cart.note('line mug').waitFor(patience);
    await tab.cart.note('delivery').waitFor(patience);
    await goTo('Cart');
    await inspect('cart-conflict');
    await elsewhere.leave();
  });

  test('[SHOP17] an order that was refused', async () => {
    await goTo('Shop');
    await tab.add('grinder');
    await tab.cart.untilBadge('grinder', 'all');
    world.isolate('berlin');
    await goTo('Cart');
    const asked = await holdOrders(tab.page);
    await tab.cart.order();
    // Until it is known that the holder cannot be heard, it was asked and has not answered.
    await tab.cart.outcome('waiting').getByText('Berlin was asked for what is missing, and there is no answer yet.').waitFor(patience);
    await tab.cart.root.getByRole('button', { name: 'The order waits …' }).waitFor(patience);
    // An order waits for seconds only: one look.
    expect(await barriers(tab.page)).toEqual([]);
    await tab.page.screenshot({ path: `${pictures}shop-checkout-waiting.png` });
    asked.release();
    await tab.cart.outcome('failed').getByText('Berlin holds 1 of the last units; here 0.').waitFor(patience);
    // Where the page is scrolled to is where it was told.
    await expect.poll(() => isInSight(tab.cart.outcome('failed')), patience).toBe(true);
    await inspect('checkout-refusal');
    world.healAll();
    await tab.cart.outcome('open-again').getByText('place the order again').waitFor(patience);
    await inspect('checkout-refusal-over');
    // What was thought to be in reach may be gone again.
    world.isolate('berlin');
    await tab.cart.outcome('failed').getByText('Berlin cannot be asked').waitFor(patience);
    world.healAll();
    await tab.cart.outcome('open-again').waitFor(patience);
  });

  test('[SHOP17] an order that got no answer', async () => {
    await goTo('Shop');
    await tab.add('candle');
    await tab.cart.untilBadge('candle', 'all');
    await goTo('Cart');
    await tab.page.route('**/v1/transactions', (route) => route.abort('timedout'));
    await tab.cart.order();
    await tab.cart.outcome('unknown').waitFor(patience);
    await inspect('checkout-unknown');
    await tab.page.unroute('**/v1/transactions');
    await tab.cart.root.getByRole('button', { name: 'Ask again' }).click();
    await tab.cart.outcome('placed').waitFor(patience);
    await goTo('Shop');
    await tab.add('tea', 5);
    await tab.cart.untilBadge('tea', 'all');
  });

  test('[SHOP17] offline', async () => {
    const toggle = tab.page.locator('.connection-bar').getByRole('switch', { name: 'Work offline' });
    await toggle.click();
    await goTo('Shop');
    await tab.add('matcha');
    await tab.page.getByText('1 change waits on this device.').waitFor(patience);
    await tab.cart.untilBadge('matcha', 'saved');
    await tab
      .product('matcha')
      .getByText(/in stock, as of \d\d:\d\d$/)
      .waitFor(patience);
    await inspect('offline');
    await toggle.click();
    await tab.cart.untilBadge('matcha', 'all');
  });

  test('[SHOP17] three carts', async () => {
    await goTo('Three carts');
    const carts = [tab.cartIn('new-york'), tab.cartIn('berlin'), tab.cartIn('tokyo')] as const;
    for (const cart of carts) await cart.untilQuantity('tea', 5);
    await tab.page.getByRole('button', { name: 'Cut Berlin off' }).click();
    await tab.page.getByText('Berlin is cut off.').waitFor(patience);
    await carts[0].increase('tea');
    await carts[0].untilBadge('tea', 'majority');
    await carts[1].increase('tea');
    await carts[1].increase('tea');
    await carts[1].untilBadge('tea', 'durable');
    await carts[2].increase('matcha');
    await inspect('three-carts-apart');
    await tab.page.getByRole('button', { name: 'Heal all links' }).click();
    await carts[0].note('line tea').getByText('5 + 1 + 2 = 8').waitFor(patience);
    await carts[1].note('line tea').waitFor(patience);
    await inspect('three-carts');
  });

  test('[SHOP18] everything is done by keyboard, with a visible focus that is never lost', async () => {
    await goTo('Shop');
    await tab.page.reload();
    await tab.untilConnected();
    const focused = tab.page.locator(':focus');
    await tab.page.keyboard.press('Tab');
    expect(await focused.textContent()).toBe('Skip to content');
    await tab.page.keyboard.press('Enter');
    expect(await tab.page.evaluate('document.activeElement.tagName')).toBe('MAIN');
    await tab.page.keyboard.press('Tab');
    expect(await focused.getAttribute('aria-label')).toBe('Add Darjeeling, first flush to the cart');
    expect(await tab.page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await tab.page.keyboard.press('Enter');
    await tab.cart.untilQuantity('tea', 9);

    await tab.cart
      .line('matcha')
      .getByRole('button', { name: /^Remove/ })
      .focus();
    await tab.page.keyboard.press('Space');
    await tab.cart.untilGone('matcha');
    expect(await focused.getAttribute('class')).toBe('lines');

    // A whole order: how it is delivered, a coupon, the order itself, and where it is found.
    await tabTo(tab.page, /^SAVE10|Coupon/);
    await tab.page.keyboard.type('save10');
    await tab.page.keyboard.press('Enter');
    await tab.cart.root.getByLabel('Coupons in the cart').getByText('SAVE10').waitFor(patience);
    await tabTo(tab.page, /Standard|Express|Pick up/);
    await tab.page.keyboard.press('ArrowDown');
    await tabTo(tab.page, /^Place order/);
    await tab.page.keyboard.press('Enter');
    await tab.cart.outcome('placed').waitFor(patience);
    await tabTo(tab.page, /^See your orders/);
    await tab.page.keyboard.press('Enter');
    await tab.page.getByRole('heading', { name: 'Your orders' }).waitFor(patience);
    await tab.page.locator('.order').first().getByText('9 × Darjeeling').waitFor(patience);
    expect(await tab.page.evaluate('document.activeElement.tagName')).toBe('MAIN');
    // The browser itself reports the order that was refused, and the one that got no answer.
    expect(visitor.complaints.filter((complaint) => !/409|ERR_TIMED_OUT/.test(complaint))).toEqual([]);
  });
});

/** Goes on by keyboard until what is in focus is named so. All on the way can be seen, and shows that it is in focus. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  const focused = page.locator(':focus');
  for (let presses = 0; presses < 90; presses += 1) {
    await page.keyboard.press('Tab');
    const { label, outline, isInWindow } = await focused.evaluate(describeFocus);
    expect([label, outline, isInWindow]).toEqual([label, 'solid', true]);
    if (name.test(label)) return;
  }
  throw new Error(`the focus never came to ${name}`);
}

function describeFocus(element: Element): { label: string; outline: string; isInWindow: boolean } {
  const { top, bottom } = element.getBoundingClientRect();
  const named = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : element.textContent;
  return {
    label: element.getAttribute('aria-label') ?? named ?? '',
    outline: getComputedStyle(element).outlineStyle,
    isInWindow: bottom > 0 && top < innerHeight,
  };
}

/** Answers the next order as a region does that has asked; those after it are held until they are released. */
async function holdOrders(page: Page): Promise<{ release(): void }> {
  const holders = [{ origin: 'berlin.1', rights: 1, isReachable: true }];
  const refusal = { code: 'insufficient_rights', detail: 'no', writeIndex: 0, needed: 1, held: 0, total: 1, holders };
  const orders = '**/v1/transactions';
  const headers = { 'access-control-allow-origin': '*' };
  let asked = 0;
  let release = (): void => {};
  const whenReleased = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(orders, async (route) => {
    asked += 1;
    if (asked === 1) return route.fulfill({ status: 409, headers, json: refusal });
    await whenReleased;
    await route.continue();
  });
  return { release };
}

/** Whether all of it stands in the window. */
async function isInSight(place: Locator): Promise<boolean> {
  const box = await place.boundingBox();
  const height = place.page().viewportSize()?.height ?? 0;
  return box !== null && box.y >= 0 && box.y + box.height <= height;
}

/** What keeps somebody out, as axe-core finds it: rule and element. */
async function barriers(page: Page): Promise<string[]> {
  const results: AxeResults = await page.evaluate('axe.run()');
  expect(results.passes.length).toBeGreaterThan(20);
  const grave = results.violations.filter(({ impact }) => impact !== 'minor');
  return grave.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`));
}
