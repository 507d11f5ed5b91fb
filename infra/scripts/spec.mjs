// docs/spec.md and the tests hold each other: every rule there has a test that cites it, and every rule a test cites is
// there. A test cites by starting its title with the id, `[LINK4] ...`, or with several, `[LINK4] [LINK5] ...`.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFiles } from './source-files.mjs';

const ruleDefinition = /^- \*\*([A-Z]+\d+)\*\* /gm;
const titleStart = /(?<=['"`])(?:\[[A-Z]+\d+\] ?)+/g;

/** @param {string} root @returns {string[]} problems */
export function checkSpec(root) {
  const problems = [];
  /** @type {Set<string>} */
  const rules = new Set();
  for (const [, id = ''] of readFileSync(join(root, 'docs/spec.md'), 'utf8').matchAll(ruleDefinition)) {
    if (rules.has(id)) problems.push(`docs/spec.md: ${id} stands there twice`);
    rules.add(id);
  }
  /** @type {Set<string>} */
  const cited = new Set();
  for (const file of projectFiles(root).filter(holdsTests)) {
    for (const id of citationsOf(readFileSync(join(root, file), 'utf8'))) {
      cited.add(id);
      if (!rules.has(id)) problems.push(`${file}: cites ${id}, which is no rule of docs/spec.md`);
    }
  }
  if (rules.size === 0) problems.push('docs/spec.md: holds no rule');
  for (const id of rules) if (!cited.has(id)) problems.push(`docs/spec.md: no test cites ${id}`);
  return problems;
}

// Contract suites, which several packages run, live in folders named `testing`.
/** @param {string} file */
function holdsTests(file) {
  return file.endsWith('.test.ts') || /^(libs|apps)\/.*\/testing\/.*\.ts$/.test(file) || /^test\/.*\.ts$/.test(file);
}

/** @param {string} text @returns {string[]} */
function citationsOf(text) {
  return [...text.matchAll(titleStart)].flatMap(([title]) => title.match(/[A-Z]+\d+/g) ?? []);
}
