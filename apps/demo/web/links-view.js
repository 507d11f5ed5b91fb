// The links: for each pair its two ways, what is held back, and the controls to cut, heal and slow it.

import { changeLink } from './api.js';
import { byId, element, setText } from './element.js';
import { cityOf, formatBytes } from './format.js';

/**
 * @typedef {import('./api.js').Link} Link
 * @typedef {import('./api.js').Way} Way
 * @typedef {(action: () => Promise<void>) => Promise<void>} RunAction
 */

const stateTexts = { up: 'up', cut: 'cut', 'one-way': 'one way cut' };

export class LinksView {
  #root;
  #runAction;
  /** @type {Map<string, LinkCard>} */
  #cards = new Map();

  /** @type {readonly Link[]} */
  #links = [];

  /** @param {HTMLElement} root @param {RunAction} runAction */
  constructor(root, runAction) {
    this.#root = root;
    this.#runAction = runAction;
    byId('cut-off', HTMLButtonElement).addEventListener('click', () =>
      this.#changeAll('cut', (link) => link.a === 'tokyo' || link.b === 'tokyo'),
    );
    byId('heal-all', HTMLButtonElement).addEventListener('click', () => this.#changeAll('up', () => true));
  }

  /** @param {import('./api.js').WorldStatus} status */
  show({ links }) {
    this.#links = links;
    for (const link of links) {
      const key = `${link.a} ${link.b}`;
      let card = this.#cards.get(key);
      if (card === undefined) {
        card = new LinkCard(link, this.#runAction);
        this.#cards.set(key, card);
        this.#root.append(card.root);
      }
      card.show(link);
    }
  }

  /** @param {'up' | 'cut'} state @param {(link: Link) => boolean} isMeant */
  #changeAll(state, isMeant) {
    void this.#runAction(async () => {
      await Promise.all(this.#links.filter(isMeant).map((link) => changeLink(link, { state, direction: 'both' })));
    });
  }
}

class LinkCard {
  #state = element('span', { class: 'pill' });
  #toggle = element('button', { type: 'button', class: 'small' });
  #delay;
  /** @type {WayRow[]} */
  #ways;
  /** @type {Link} */
  #link;

  /** @param {Link} link @param {RunAction} runAction */
  constructor(link, runAction) {
    this.#link = link;
    const pair = `${cityOf(link.a)} and ${cityOf(link.b)}`;
    this.#delay = element('input', {
      type: 'number',
      min: '0',
      max: '60000',
      step: '1',
      'aria-label': `Delay between ${pair} in milliseconds`,
    });
    this.#delay.value = String(link.aToB.delayMs);
    this.#delay.addEventListener('change', () => {
      const delayMs = this.#delay.valueAsNumber;
      if (this.#delay.reportValidity() && Number.isFinite(delayMs)) void runAction(() => changeLink(this.#link, { delayMs }));
    });
    this.#toggle.addEventListener('click', () => {
      const state = this.#link.state === 'up' ? 'cut' : 'up';
      void runAction(() => changeLink(this.#link, { state, direction: 'both' }));
    });
    this.#ways = [
      new WayRow({ from: link.a, to: link.b, direction: 'a-to-b' }, (change) => void runAction(() => changeLink(this.#link, change))),
      new WayRow({ from: link.b, to: link.a, direction: 'b-to-a' }, (change) => void runAction(() => changeLink(this.#link, change))),
    ];
    const title = element('h3', {}, `${cityOf(link.a)} – ${cityOf(link.b)}`);
    const delay = element('label', { class: 'delay' }, 'Delay ', this.#delay, ' ms');
    const list = element('ul', {}, ...this.#ways.map((way) => way.root));
    this.root = element('article', { class: 'card link', 'data-link': `${link.a} ${link.b}` });
    this.root.append(element('div', { class: 'card-head' }, title, this.#state, delay, this.#toggle), list);
  }

  /** @param {Link} link */
  show(link) {
    this.#link = link;
    this.root.dataset['state'] = link.state;
    this.#state.dataset['kind'] = link.state === 'up' ? 'good' : 'bad';
    setText(this.#state, stateTexts[link.state]);
    setText(this.#toggle, link.state === 'up' ? 'Cut' : 'Heal');
    this.#toggle.setAttribute('aria-label', `${this.#toggle.textContent} ${cityOf(link.a)} – ${cityOf(link.b)}, both ways`);
    if (document.activeElement !== this.#delay && link.aToB.delayMs === link.bToA.delayMs) this.#delay.value = String(link.aToB.delayMs);
    this.#ways[0]?.show(link.aToB);
    this.#ways[1]?.show(link.bToA);
  }
}

class WayRow {
  #names;
  #fact = element('span', { class: 'fact' });
  #toggle = element('button', { type: 'button', class: 'small' });
  /** @type {'up' | 'cut'} */
  #state = 'up';

  /**
   * @param {{ from: string, to: string, direction: import('./api.js').Direction }} way
   * @param {(change: { state: 'up' | 'cut', direction: import('./api.js').Direction }) => void} change
   */
  constructor({ from, to, direction }, change) {
    this.#names = `${cityOf(from)} to ${cityOf(to)}`;
    this.#toggle.addEventListener('click', () => change({ state: this.#state === 'up' ? 'cut' : 'up', direction }));
    const arrow = element('span', { class: 'way', 'aria-hidden': 'true' }, `${cityOf(from)} → ${cityOf(to)}`);
    this.root = element('li', { 'aria-label': this.#names }, arrow, this.#fact, this.#toggle);
  }

  /** @param {Way} way */
  show(way) {
    this.#state = way.state;
    this.root.dataset['state'] = way.state;
    const cut = way.heldBytes > 0 ? `${formatBytes(way.heldBytes)} held` : 'cut';
    setText(this.#fact, way.state === 'up' ? `${way.delayMs} ms` : cut);
    setText(this.#toggle, way.state === 'up' ? 'Cut' : 'Heal');
    this.#toggle.setAttribute('aria-label', `${this.#toggle.textContent} ${this.#names}`);
  }
}
