// Names, numbers and times as people read them.

/** @type {Readonly<Record<string, string>>} */
const cityNames = { 'new-york': 'New York', berlin: 'Berlin', tokyo: 'Tokyo' };

/** @param {string} region @returns {string} */
export function cityOf(region) {
  return cityNames[region] ?? region;
}

/** The region of an origin `region.epoch`. @param {string} origin @returns {string} */
export function regionOf(origin) {
  return origin.slice(0, origin.indexOf('.'));
}

/** @param {string} origin @returns {string} */
export function epochOf(origin) {
  return origin.slice(origin.indexOf('.') + 1);
}

const numbers = new Intl.NumberFormat('en');

/** @param {number} value @returns {string} */
export function formatCount(value) {
  return numbers.format(value);
}

/** @param {number} count @param {string} noun @returns {string} */
export function plural(count, noun) {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** @param {number} bytes @returns {string} */
export function formatBytes(bytes) {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** @param {number} ms @returns {string} */
export function formatSeconds(ms) {
  const seconds = ms / 1000;
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}
