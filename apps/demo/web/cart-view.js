// One cart as the three regions show it, side by side: what differs is marked, and equal digests say that nothing does.

import { editDocument, readDocument } from './api.js';
import { byId, element, setText } from './element.js';
import { cityOf } from './format.js';

/**
 * @typedef {import('./api.js').View} View
 * @typedef {(action: () => Promise<void>) => Promise<void>} RunAction
 */

/** @type {Readonly<Record<string, { name: string, price: number }>>} price in cents */
const articles = {
  'apple-1': { name: 'Apples, 1 kg', price: 349 },
  'bread-1': { name: 'Rye bread', price: 420 },
  'tea-1': { name: 'Sencha, 100 g', price: 1290 },
};

export class CartView {
  #form = byId('cart-form', HTMLFormElement);
  #views = byId('views', HTMLDivElement);
  /** @type {Map<string, ViewCard>} */
  #cards = new Map();

  /** @param {RunAction} runAction */
  constructor(runAction) {
    for (const [sku, { name }] of Object.entries(articles)) this.#select('article').append(element('option', { value: sku }, name));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      const intent = event.submitter instanceof HTMLButtonElement ? event.submitter.value : 'add';
      void runAction(() => this.#edit(intent));
    });
    // Another cart, or library, is looked at right away.
    this.#form.addEventListener('change', () => void runAction(async () => {}));
  }

  /** @param {import('./api.js').WorldStatus} status */
  show({ regions }) {
    for (const { name } of regions) {
      if (this.#cards.has(name)) continue;
      const card = new ViewCard(name);
      this.#cards.set(name, card);
      this.#views.append(card.root);
      this.#select('region').append(element('option', { value: name }, cityOf(name)));
    }
  }

  /** Reads the cart in every region. */
  async refresh() {
    const id = this.#field('id');
    if (id === '') return;
    const { views } = await readDocument(this.#field('collection'), id);
    for (const view of views) {
      const others = views.filter((other) => other !== view && other.state !== 'unanswered');
      this.#cards.get(view.region)?.show(view, others);
    }
  }

  /** @param {string} intent */
  async #edit(intent) {
    const sku = this.#field('article');
    const article = articles[sku];
    const path = `/items/${sku}`;
    const add = [
      { op: 'increment', path: `${path}/qty`, by: Number(this.#field('quantity')) },
      { op: 'set', path: `${path}/name`, value: article?.name },
      { op: 'set', path: `${path}/price`, value: article?.price },
    ];
    const operations = intent === 'remove' ? [{ op: 'remove', path }] : add;
    await editDocument(this.#field('region'), this.#field('collection'), this.#field('id'), operations);
  }

  /** @param {string} name */
  #field(name) {
    return String(new FormData(this.#form).get(name) ?? '').trim();
  }

  /** @param {string} name */
  #select(name) {
    const field = this.#form.elements.namedItem(name);
    if (!(field instanceof HTMLSelectElement)) throw new Error(`the form has no ${name}`);
    return field;
  }
}

class ViewCard {
  #state = element('span', { class: 'pill' });
  #digest = element('code', { class: 'digest' });
  #lines = element('pre', { tabindex: '0' });

  /** @param {string} region */
  constructor(region) {
    const city = cityOf(region);
    this.#lines.setAttribute('aria-label', `The cart in ${city}`);
    const head = element('div', { class: 'card-head' }, element('h3', {}, city), this.#state);
    this.root = element('article', { class: `card view ${region}`, 'data-view': region });
    this.root.append(head, this.#lines, element('p', { class: 'facts' }, 'digest ', this.#digest));
  }

  /** @param {View} view @param {readonly View[]} others those of the other regions that answered */
  show(view, others) {
    const [kind, verdict] = compare(view, others);
    this.#state.dataset['kind'] = kind;
    setText(this.#state, verdict);
    this.#lines.classList.toggle('message', view.state === 'unanswered');
    setText(this.#digest, view.state === 'shown' ? view.digest.slice(0, 16) : '–');
    this.#digest.title = view.state === 'shown' ? view.digest : '';
    const otherLines = others.map((other) => new Set(textOf(other).split('\n')));
    const lines = textOf(view)
      .split('\n')
      .map((line) => {
        const isEverywhere = view.state === 'unanswered' || otherLines.every((known) => known.has(line));
        return element('span', isEverywhere ? {} : { class: 'differs' }, `${line}\n`);
      });
    // Replaced only when something changed: a selection in the text stays.
    const html = lines.map((line) => line.outerHTML).join('');
    if (this.#lines.innerHTML !== html) this.#lines.replaceChildren(...lines);
  }
}

/** @param {View} view @param {readonly View[]} others @returns {['good' | 'busy' | 'bad', string]} */
function compare(view, others) {
  if (view.state === 'unanswered') return ['bad', 'no answer'];
  const same = others.filter((other) => contentOf(other) === contentOf(view));
  if (same.length === others.length) return ['good', 'same'];
  return ['busy', same[0] === undefined ? 'differs' : `same as ${cityOf(same[0].region)}`];
}

/** @param {View} view */
function contentOf(view) {
  return view.state === 'shown' ? view.digest : view.state;
}

/** @param {View} view */
function textOf(view) {
  if (view.state === 'absent') return '(empty)';
  if (view.state === 'unanswered') return view.reason;
  return JSON.stringify(view.json, sortedKeys, 2);
}

/** Keys in one order, so that equal carts are equal text. @param {string} _key @param {unknown} value */
function sortedKeys(_key, value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
