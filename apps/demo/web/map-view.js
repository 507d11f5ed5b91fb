// The picture of the world: regions as circles, links as two lanes, one per way. Everything it shows is also said in words
// below it, so it is hidden from screen readers.

import { setText, svgElement } from './element.js';
import { cityOf } from './format.js';

/**
 * @typedef {import('./api.js').Link} Link
 * @typedef {import('./api.js').Region} Region
 * @typedef {{ x: number, y: number }} Point
 */

/** @type {Readonly<Record<string, Point>>} */
const places = { 'new-york': { x: 80, y: 262 }, berlin: { x: 300, y: 66 }, tokyo: { x: 520, y: 262 } };
const nowhere = { x: 0, y: 0 };
const radius = 58;
/** Half the distance between the two lanes of a link. */
const laneOffset = 7;
/** Room between a circle and the lanes that end at it. */
const margin = 8;
/** From the middle of a link to the middle of its label. */
const labelOffset = 40;

export class MapView {
  #links = svgElement('g');
  #regions = svgElement('g');
  /** @type {Map<string, { lanes: SVGElement[], label: SVGElement }>} */
  #drawnLinks = new Map();
  /** @type {Map<string, { group: SVGElement, fact: SVGElement }>} */
  #drawnRegions = new Map();

  /** @param {HTMLElement} root */
  constructor(root) {
    const arrow = svgElement('marker', {
      id: 'arrow',
      viewBox: '0 0 8 8',
      refX: 6,
      refY: 4,
      markerWidth: 6,
      markerHeight: 6,
      orient: 'auto',
    });
    arrow.append(svgElement('path', { d: 'M0 0 8 4 0 8z', fill: 'context-stroke' }));
    root.append(svgElement('svg', { viewBox: '0 0 600 326' }, svgElement('defs', {}, arrow), this.#links, this.#regions));
  }

  /** @param {import('./api.js').WorldStatus} status */
  show({ regions, links }) {
    for (const link of links) this.#showLink(link);
    for (const region of regions) this.#showRegion(region);
  }

  /** @param {Link} link */
  #showLink(link) {
    const key = `${link.a} ${link.b}`;
    let drawn = this.#drawnLinks.get(key);
    if (drawn === undefined) {
      drawn = drawLink(placeOf(link.a), placeOf(link.b));
      this.#drawnLinks.set(key, drawn);
      this.#links.append(...drawn.lanes, drawn.label);
    }
    drawn.lanes[0]?.setAttribute('class', `lane ${link.aToB.state}`);
    drawn.lanes[1]?.setAttribute('class', `lane ${link.bToA.state}`);
    drawn.label.setAttribute('class', `lane-label ${link.state}`);
    setText(drawn.label, labelOf(link));
  }

  /** @param {Region} region */
  #showRegion(region) {
    let drawn = this.#drawnRegions.get(region.name);
    if (drawn === undefined) {
      const { x, y } = placeOf(region.name);
      const fact = svgElement('text', { class: 'map-fact', x, y: y + 21 });
      const circle = svgElement('circle', { cx: x, cy: y, r: radius });
      const name = svgElement('text', { class: 'map-name', x, y }, cityOf(region.name));
      drawn = { group: svgElement('g', {}, circle, name, fact), fact };
      this.#drawnRegions.set(region.name, drawn);
      this.#regions.append(drawn.group);
    }
    const isDown = region.process.state === 'down' || region.process.state === 'waiting';
    const fact = isDown ? 'down' : region.process.state === 'paused' ? 'paused' : region.isReady ? 'ready' : 'starting';
    drawn.group.setAttribute('class', `map-region ${region.name} ${fact}`);
    setText(drawn.fact, fact);
  }
}

/** @param {string} name @returns {Point} */
function placeOf(name) {
  return places[name] ?? nowhere;
}

/** @param {Point} a @param {Point} b */
function drawLink(a, b) {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  const along = { x: (b.x - a.x) / length, y: (b.y - a.y) / length };
  const across = { x: -along.y, y: along.x };
  /** @param {Point} from @param {Point} to @param {number} side */
  const lane = (from, to, side) => {
    const way = { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
    const at = (/** @type {Point} */ point, /** @type {number} */ shift) => ({
      x: point.x + way.x * shift + across.x * laneOffset * side,
      y: point.y + way.y * shift + across.y * laneOffset * side,
    });
    const start = at(from, radius + margin);
    const end = at(to, -radius - margin);
    return svgElement('line', { x1: start.x, y1: start.y, x2: end.x, y2: end.y, 'marker-end': 'url(#arrow)' });
  };
  // Labels stand outside the triangle, whose middle is below Berlin.
  const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  const outwards = Math.sign((middle.x - 300) * across.x + (middle.y - 190) * across.y) || 1;
  const label = svgElement('text', { x: middle.x + across.x * labelOffset * outwards, y: middle.y + across.y * labelOffset * outwards });
  return { lanes: [lane(a, b, 1), lane(b, a, -1)], label };
}

/** @param {Link} link */
function labelOf({ aToB, bToA, state }) {
  if (state === 'cut') return 'cut';
  if (aToB.delayMs === bToA.delayMs) return `${aToB.delayMs} ms`;
  return `${aToB.delayMs} / ${bToA.delayMs} ms`;
}
