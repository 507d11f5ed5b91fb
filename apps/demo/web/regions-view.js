// The regions: process and readiness, what each holds of every origin, how many ops it misses (seen from above), and its own
// measure of lag in bytes and seconds.

import { commandRegion } from './api.js';
import { element, setText } from './element.js';
import { cityOf, epochOf, formatBytes, formatCount, formatSeconds, plural, regionOf } from './format.js';
import { missedOps, newestSeqs } from './missed-ops.js';
import { reachableUpstream } from './upstream.js';

/**
 * @typedef {import('./api.js').Region} Region
 * @typedef {import('./api.js').RegionStatus} RegionStatus
 * @typedef {(action: () => Promise<void>) => Promise<void>} RunAction
 */

export class RegionsView {
  #root;
  #runAction;
  /** @type {Map<string, RegionCard>} */
  #cards = new Map();

  /** @param {HTMLElement} root @param {RunAction} runAction */
  constructor(root, runAction) {
    this.#root = root;
    this.#runAction = runAction;
  }

  /** @param {import('./api.js').WorldStatus} status */
  show({ regions, links }) {
    const newest = newestSeqs(regions);
    for (const region of regions) {
      let card = this.#cards.get(region.name);
      if (card === undefined) {
        card = new RegionCard(region, this.#runAction);
        this.#cards.set(region.name, card);
        this.#root.append(card.root);
      }
      card.show(region, newest, links);
    }
  }
}

class RegionCard {
  #state = element('span', { class: 'pill' });
  #processFacts = element('p', { class: 'facts' });
  #dataFacts = element('p', { class: 'facts' });
  #age = element('p', { class: 'age' });
  #rows = element('tbody');
  /** @type {Map<string, OriginRow>} */
  #origins = new Map();
  #kill;
  #pause;
  #restart;
  #isPaused = false;

  /** @param {Region} region @param {RunAction} runAction */
  constructor(region, runAction) {
    const city = cityOf(region.name);
    const command = (/** @type {string} */ name) => void runAction(() => commandRegion(region.name, name));
    this.#kill = commandButton('Kill −9', `Kill ${city} as a power cut would`, () => command('kill'));
    this.#pause = commandButton('Pause', `Pause ${city}`, () => command(this.#isPaused ? 'resume' : 'pause'));
    this.#restart = commandButton('Restart', `Restart ${city}`, () => command('restart'));
    this.#kill.classList.add('danger');
    const heads = ['Origin', 'Has', 'Misses', 'Lag', 'From'];
    const table = element('table');
    table.append(
      element('caption', {}, `What ${city} holds of each origin, what it misses, and since when it has not heard of it`),
      element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
      this.#rows,
    );
    const head = element('div', { class: 'card-head' }, element('h3', {}, city), this.#state);
    const buttons = element('div', { class: 'buttons' }, this.#kill, this.#restart, this.#pause);
    this.root = element('article', { class: `card region ${region.name}`, 'data-region': region.name });
    this.root.append(head, this.#processFacts, this.#dataFacts, element('div', { class: 'table-frame' }, table), this.#age, buttons);
  }

  /** @param {Region} region @param {ReadonlyMap<string, number>} newest @param {readonly import('./api.js').Link[]} links */
  show(region, newest, links) {
    const { process, status } = region;
    const [kind, text] = stateOf(region);
    this.#state.dataset['kind'] = kind;
    setText(this.#state, text);
    setText(this.#processFacts, processFactsOf(region));
    setText(this.#dataFacts, status === undefined ? '' : dataFactsOf(status, region.documentCount ?? 0));
    const age = region.statusAgeMs ?? 0;
    setText(this.#age, region.isAnswering || status === undefined ? '' : `as it was ${formatSeconds(age)} ago`);
    this.root.classList.toggle('stale', !region.isAnswering);
    this.#isPaused = process.state === 'paused';
    this.#kill.disabled = process.state === 'down' || process.state === 'waiting';
    this.#pause.disabled = this.#kill.disabled;
    setText(this.#pause, this.#isPaused ? 'Resume' : 'Pause');
    setText(this.#restart, this.#kill.disabled ? 'Start' : 'Restart');
    this.#pause.setAttribute('aria-label', `${this.#pause.textContent} ${cityOf(region.name)}`);
    this.#restart.setAttribute('aria-label', `${this.#restart.textContent} ${cityOf(region.name)}`);
    if (status !== undefined) this.#showOrigins(region.name, status, newest, links);
  }

  /**
   * @param {string} region
   * @param {RegionStatus} status
   * @param {ReadonlyMap<string, number>} newest
   * @param {readonly import('./api.js').Link[]} links
   */
  #showOrigins(region, status, newest, links) {
    const origins = new Set([...newest.keys(), ...status.lag.map((lag) => lag.origin), status.origin]);
    for (const origin of [...origins].sort()) {
      let row = this.#origins.get(origin);
      if (row === undefined) {
        row = new OriginRow(origin);
        this.#origins.set(origin, row);
        this.#rows.append(row.root);
      }
      const lag = status.lag.find((entry) => entry.origin === origin);
      row.show(status, lag, missedOps(newest, status, origin), reachableUpstream(region, lag, links));
    }
  }
}

class OriginRow {
  #origin;
  #has = element('td');
  #ops = element('span');
  #bytes = element('small');
  #lag = element('td');
  #from = element('td');

  /** @param {string} origin */
  constructor(origin) {
    this.#origin = origin;
    const head = element('th', { scope: 'row' }, cityOf(regionOf(origin)), ' ', element('small', {}, epochOf(origin)));
    this.root = element('tr', {}, head, this.#has, element('td', {}, this.#ops, this.#bytes), this.#lag, this.#from);
  }

  /**
   * @param {RegionStatus} status
   * @param {import('./api.js').Lag | undefined} lag
   * @param {number} ops that it misses
   * @param {string | undefined} upstream
   */
  show(status, lag, ops, upstream) {
    const isOwn = status.origin === this.#origin;
    setText(this.#has, formatCount(status.versionVector[this.#origin] ?? 0));
    setText(this.#ops, isOwn ? '' : plural(ops, 'op'));
    setText(this.#bytes, lag?.bytes ? formatBytes(lag.bytes) : '');
    setText(this.#lag, isOwn ? '' : formatSeconds(lag?.ms ?? 0));
    setText(this.#from, isOwn ? 'itself' : upstream === undefined ? '–' : cityOf(upstream));
    this.root.classList.toggle('behind', !isOwn && (ops > 0 || (lag?.ms ?? 0) > 3_000));
  }
}

/** @param {string} text @param {string} label @param {() => void} run */
function commandButton(text, label, run) {
  const button = element('button', { type: 'button', class: 'small', 'aria-label': label }, text);
  button.addEventListener('click', run);
  return button;
}

/** @param {Region} region @returns {['good' | 'busy' | 'bad', string]} */
function stateOf({ process, isAnswering, isReady }) {
  if (process.state === 'down') return ['bad', 'down'];
  if (process.state === 'waiting') return ['bad', 'died, starts again'];
  if (process.state === 'paused') return ['busy', 'paused'];
  if (!isAnswering) return ['busy', 'does not answer'];
  return isReady ? ['good', 'ready'] : ['busy', 'takes no writes yet'];
}

/** @param {Region} region */
function processFactsOf({ process, url }) {
  const facts = [
    url.replace('http://', ''),
    process.pid === undefined ? `ended: ${process.lastExit ?? 'never started'}` : `process ${process.pid}`,
  ];
  if (process.restartCount > 0) facts.push(plural(process.restartCount, 'automatic restart'));
  return facts.join(' · ');
}

/** @param {RegionStatus} status @param {number} documentCount */
function dataFactsOf({ versionVector }, documentCount) {
  const ops = Object.values(versionVector).reduce((sum, seq) => sum + seq, 0);
  return `${plural(ops, 'op')} · ${plural(documentCount, 'document')}`;
}
