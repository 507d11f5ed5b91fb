// Supply chain: what npm may install. Every dependency is pinned exactly and comes from the registry, and none is older
// than the oldest version without a published vulnerability.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFiles } from './source-files.mjs';

/** The oldest safe versions, with the advisory that says so. @type {Readonly<Record<string, string>>} */
const versionsMin = {
  ws: '8.17.1', // GHSA-3h5v-q93c-6h6q
  qs: '6.16.0', // GHSA-6rw7-vpxm-498p, GHSA-w7fw-mjwx-w883, GHSA-x5fp-wj9c-mxmx
  'body-parser': '2.3.0', // GHSA-v422-hmwv-36x6
};

const exactVersion = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;

/** @param {string} root @returns {string[]} problems */
export function checkVersions(root) {
  return [...pinProblems(root), ...lockProblems(root)];
}

/** @param {string} root */
function pinProblems(root) {
  const problems = [];
  for (const file of projectFiles(root).filter((path) => /(^|\/)package\.json$/.test(path))) {
    const manifest = readJson(root, file);
    for (const group of ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides']) {
      for (const [name, version] of Object.entries(manifest[group] ?? {})) {
        if (!exactVersion.test(version)) problems.push(`${file}: ${name} is not pinned exactly, but "${version}"`);
      }
    }
  }
  return problems;
}

/** @param {string} root */
function lockProblems(root) {
  const problems = [];
  const entries = Object.entries(readJson(root, 'package-lock.json')['packages'] ?? {});
  for (const [path, entry] of entries) {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const versionMin = versionsMin[name];
    if (versionMin !== undefined && isOlder(entry.version, versionMin)) {
      problems.push(`package-lock.json: ${path} is ${entry.version}; ${versionMin} is the oldest safe version`);
    }
    if (entry.resolved !== undefined && !entry.link && !entry.resolved.startsWith('https://registry.npmjs.org/')) {
      problems.push(`package-lock.json: ${path} comes from ${entry.resolved}, not from the registry`);
    }
  }
  if (entries.length === 0) problems.push('package-lock.json: lists no packages');
  return problems;
}

/** @param {string} version @param {string} other */
function isOlder(version, other) {
  const [parts, otherParts] = [version, other].map((text) => text.split('-')[0]?.split('.').map(Number) ?? []);
  for (let i = 0; i < 3; i++) {
    const difference = (parts?.[i] ?? 0) - (otherParts?.[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** @param {string} root @param {string} file @returns {Record<string, Record<string, any>>} */
function readJson(root, file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8'));
}
