// The status page: asks the demo twice a second, and lets each part of the page show what has changed. Elements are made
// once and updated in place, so that focus, selections and half-typed numbers survive every update.

import { readStatus } from './api.js';
import { CartView } from './cart-view.js';
import { byId, setText } from './element.js';
import { cityOf, plural } from './format.js';
import { LinksView } from './links-view.js';
import { MapView } from './map-view.js';
import { missedOps, newestSeqs } from './missed-ops.js';
import { RegionsView } from './regions-view.js';

/** @typedef {import('./api.js').WorldStatus} WorldStatus */

const pollMs = 500;

const summary = byId('summary', HTMLParagraphElement);
const message = byId('message', HTMLParagraphElement);
const cart = new CartView(runAction);
const views = [
  new MapView(byId('map', HTMLElement)),
  new LinksView(byId('links', HTMLDivElement), runAction),
  new RegionsView(byId('regions', HTMLDivElement), runAction),
  cart,
];

/** @type {Promise<void> | undefined} */
let update;
await keepUpdating();

async function keepUpdating() {
  for (;;) {
    if (!document.hidden) await updateNow();
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** One look at the world; callers that come while it is under way share it. */
function updateNow() {
  update ??= look().finally(() => {
    update = undefined;
  });
  return update;
}

async function look() {
  try {
    const status = await readStatus();
    showSummary(summaryOf(status));
    for (const view of views) view.show(status);
    await cart.refresh();
  } catch {
    showSummary({ kind: 'bad', text: 'The demo does not answer. Is it still running?' });
  }
}

/**
 * Runs what a button asks for, shows why it was refused, and looks at the world right after.
 * @param {() => Promise<void>} action
 */
async function runAction(action) {
  try {
    await action();
    message.hidden = true;
  } catch (error) {
    setText(message, error instanceof Error ? error.message : String(error));
    message.hidden = false;
  }
  // What was under way before the action would show the world without it.
  await update;
  await updateNow();
}

/** @param {{ kind: 'good' | 'busy' | 'bad', text: string }} state */
function showSummary({ kind, text }) {
  setText(summary, text);
  summary.dataset['kind'] = kind;
}

/**
 * The world in one sentence, from above: no region alone can know all of it.
 * @param {WorldStatus} status
 * @returns {{ kind: 'good' | 'busy' | 'bad', text: string }}
 */
function summaryOf({ regions }) {
  const absent = regions.filter((region) => !region.isAnswering).map((region) => cityOf(region.name));
  if (absent.length > 0) return { kind: 'bad', text: `${absent.join(' and ')} ${absent.length === 1 ? 'does' : 'do'} not answer` };
  const newest = newestSeqs(regions);
  const behind = regions
    .map(({ name, status }) => ({ name, ops: [...newest.keys()].reduce((sum, origin) => sum + missedOps(newest, status, origin), 0) }))
    .filter(({ ops }) => ops > 0);
  if (behind.length === 0) return { kind: 'good', text: 'All regions hold the same ops' };
  return { kind: 'busy', text: behind.map(({ name, ops }) => `${cityOf(name)} misses ${plural(ops, 'op')}`).join(', ') };
}
