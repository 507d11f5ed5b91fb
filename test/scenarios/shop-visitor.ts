// A customer at a browser: what somebody sees and presses in the shop, and no more. Each visitor is a device of its own, with
// storage that no other shares; several tabs of one visitor share it.

import type { RegionName, World } from '@anabranch/demo';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';

export const patience = { timeout: 30_000 };

export interface VisitorOptions {
  readonly customer: string;
  /** The region it stays with; the nearest unless given. */
  readonly region?: RegionName;
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
}

export type ShopRoute = '' | 'cart' | 'orders' | 'three-carts';

const cities: Readonly<Record<RegionName, string>> = { 'new-york': 'New York', berlin: 'Berlin', tokyo: 'Tokyo' };

export class Visitor {
  readonly context: BrowserContext;
  /** What went wrong in its pages. */
  readonly complaints: string[] = [];
  readonly #url: string;
  readonly #options: VisitorOptions;

  private constructor(context: BrowserContext, url: string, options: VisitorOptions) {
    this.context = context;
    this.#url = url;
    this.#options = options;
    context.on('page', (page) => {
      page.on('pageerror', (error) => this.complaints.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') this.complaints.push(message.text());
      });
    });
  }

  static async come(browser: Browser, url: string, options: VisitorOptions): Promise<Visitor> {
    const { width = 1280, height = 900, colorScheme = 'light' } = options;
    return new Visitor(await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' }), url, options);
  }

  /** Opens a tab, and waits until it shows a page of the shop. */
  async openTab(route: ShopRoute = ''): Promise<Tab> {
    const page = await this.context.newPage();
    await page.goto(`${this.#url}/shop/?customer=${this.#options.customer}#/${route}`);
    await page.getByRole('heading', { level: 1 }).waitFor(patience);
    return new Tab(page);
  }

  /** Opens a tab that is connected to its region; three carts, each to its own. */
  async enter(route: ShopRoute = ''): Promise<Tab> {
    const tab = await this.openTab(route);
    const { region } = this.#options;
    if (route === 'three-carts') {
      await tab.untilAllConnected();
      return tab;
    }
    if (region !== undefined) await tab.moveTo(region);
    await tab.untilConnected(region);
    return tab;
  }

  leave(): Promise<void> {
    return this.context.close();
  }
}

function listenScript(root: Element): string[] {
  const texts: string[] = [];
  const look = (): void => {
    const text = root.querySelector('[data-outcome]')?.textContent ?? '';
    if (text !== '' && texts.at(-1) !== text) texts.push(text);
  };
  new MutationObserver(look).observe(root, { subtree: true, childList: true, characterData: true });
  return texts;
}

/** A cart on a page: the whole of it, or one of the three that stand side by side. */
class CartOnPage {
  readonly root: Locator;

  constructor(root: Locator) {
    this.root = root;
  }

  line(id: string): Locator {
    return this.root.locator(`[data-line="${id}"]`);
  }

  note(topic: string): Locator {
    return this.root.locator(`[data-topic="${topic}"] .note-text`);
  }

  outcome(kind: 'placed' | 'waiting' | 'failed' | 'open-again' | 'unknown'): Locator {
    return this.root.locator(`[data-outcome="${kind}"]`);
  }

  async untilQuantity(id: string, qty: number): Promise<void> {
    await this.line(id)
      .locator('.quantity')
      .filter({ hasText: new RegExp(`^${qty}$`) })
      .waitFor(patience);
  }

  async untilGone(id: string): Promise<void> {
    await this.line(id).waitFor({ state: 'detached', ...patience });
  }

  async untilBadge(id: string, state: 'saved' | 'durable' | 'majority' | 'all'): Promise<void> {
    await this.line(id).locator(`.badge[data-state="${state}"]`).waitFor(patience);
  }

  async increase(id: string): Promise<void> {
    await this.line(id)
      .getByRole('button', { name: /^One more/ })
      .click();
  }

  async remove(id: string): Promise<void> {
    await this.line(id)
      .getByRole('button', { name: /^Remove/ })
      .click();
  }

  async order(): Promise<void> {
    await this.root.getByRole('button', { name: /^Place order/ }).click();
  }

  /** @returns all that is said from now on of what became of orders */
  async listen(): Promise<() => Promise<string[]>> {
    const said = await this.root.evaluateHandle(listenScript);
    return () => said.evaluate((texts) => [...texts]);
  }
}

export class Tab {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** The cart beside the products, or on a page of its own. */
  get cart(): CartOnPage {
    return new CartOnPage(this.page.locator('.cart-panel'));
  }

  cartIn(region: RegionName): CartOnPage {
    return new CartOnPage(this.page.locator(`[data-at="${region}"]`));
  }

  product(id: string): Locator {
    return this.page.locator(`[data-product="${id}"]`);
  }

  async add(id: string, times = 1): Promise<void> {
    for (let count = 0; count < times; count += 1) await this.product(id).getByRole('button').click();
  }

  async moveTo(region: RegionName): Promise<void> {
    await this.page.getByLabel('Region', { exact: true }).selectOption(region);
  }

  async untilConnected(region?: RegionName): Promise<void> {
    const text = region === undefined ? 'Connected to' : `Connected to ${cities[region]}`;
    await this.page.locator('.connection-bar').getByText(text).waitFor(patience);
  }

  /** Resolves when each of three carts is connected. */
  async untilAllConnected(): Promise<void> {
    for (const region of ['new-york', 'berlin', 'tokyo'] as const)
      await this.cartIn(region).root.getByText('Connected', { exact: true }).waitFor(patience);
  }

  /** Resolves when the files of the shop are kept on the device. */
  async untilKept(): Promise<void> {
    await this.page.waitForFunction('navigator.serviceWorker.controller !== null', undefined, patience);
  }

  /** Loads the page anew as the browser's key for a full reload does: past the files that are kept on the device. */
  async reloadPastWorker(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    const loaded = this.page.waitForEvent('load', patience);
    await session.send('Page.reload', { ignoreCache: true });
    await loaded;
    await this.page.waitForFunction('navigator.serviceWorker.controller === null', undefined, patience);
  }

  /** The addresses of the scripts of its page. */
  async scripts(): Promise<string[]> {
    const scripts = await this.page.locator('script[src]').all();
    return Promise.all(scripts.map(async (script) => (await script.getAttribute('src')) ?? ''));
  }

  /** The region it is connected to now. */
  async region(): Promise<RegionName> {
    const name = await this.page.locator('.connection-bar .connection').getAttribute('data-region');
    if (name === 'new-york' || name === 'berlin' || name === 'tokyo') return name;
    throw new Error(`the shop is connected to ${name}`);
  }
}

/** What a region shows of a cart. */
export async function quantityIn(world: World, region: RegionName, customer: string, id: string): Promise<number | undefined> {
  const cart = await world.region(region).client.read('carts', customer);
  return isCart(cart) ? cart.items[id]?.qty : undefined;
}

function isCart(view: unknown): view is { readonly items: Readonly<Record<string, { readonly qty: number }>> } {
  return typeof view === 'object' && view !== null && 'items' in view;
}
