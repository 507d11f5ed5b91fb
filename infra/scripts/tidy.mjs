// The habits of the project that a machine can check, file by file: sizes, marks of unfinished work, names, documents.
// What needs understanding (types, imports, unused code) is the business of the other checks.

import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { projectFiles } from './source-files.mjs';

const codeLinesMax = 400;
const readmeLinesMax = 40;
const fileBytesMax = 256 * 1024;

const code = /\.([cm]?[jt]sx?|css|html|sh)$/;
const prose = /\.md$/;

// Written in halves, so that this list does not find itself.
/** @type {ReadonlyArray<{ pattern: RegExp, where: RegExp, why: string, except?: RegExp }>} */
const bannedTexts = [
  {
    pattern: new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`),
    where: code,
    why: 'marks unfinished work',
  },
  { pattern: /\b(test|it|describe)(\.\w+)*\.(only|skip|todo|fails)\b/, where: /\.test\.ts$/, why: 'keeps tests from running' },
  { pattern: new RegExp(`${'biome' + '-ignore'}|@ts-${'(ignore|expect-error|nocheck)'}`), where: code, why: 'silences a check' },
  { pattern: new RegExp(`\\bas ${'unknown'} as\\b`), where: code, why: 'escapes from the type system' },
  {
    pattern: new RegExp(`\\b(${'mas' + 'ter'}|${'sla' + 've'})s?\\b`, 'i'),
    where: /./,
    except: /^(docs\/glossary\.md|package-lock\.json)$/,
    why: 'say leader or follower',
  },
];

/** Names that say nothing: the idea inside has a better one. */
const bannedNames = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'shared', 'core', 'types', 'manager', 'managers']);

/** @param {string} root @returns {string[]} problems */
export function checkTidy(root) {
  const files = projectFiles(root);
  const problems = files.flatMap((file) => fileProblems(root, file));
  for (const manifest of files.filter((file) => /^(libs|apps)\/[^/]+\/package\.json$/.test(file))) {
    const readme = posix.join(posix.dirname(manifest), 'README.md');
    if (!files.includes(readme)) problems.push(`${readme}: is missing`);
    else if (linesOf(readText(root, readme)) > readmeLinesMax) problems.push(`${readme}: has more than ${readmeLinesMax} lines`);
  }
  return problems;
}

/** @param {string} root @param {string} file @returns {string[]} */
function fileProblems(root, file) {
  const problems = [];
  const bytes = statSync(join(root, file)).size;
  if (bytes > fileBytesMax && file !== 'package-lock.json') return [`${file}: has ${bytes} bytes, more than ${fileBytesMax}`];
  for (const part of file.split('/')) {
    if (bannedNames.has(part.split('.')[0] ?? '')) problems.push(`${file}: "${part}" names no idea`);
  }
  const text = readText(root, file);
  if (code.test(file) && linesOf(text) > codeLinesMax) problems.push(`${file}: has more than ${codeLinesMax} lines`);
  for (const { pattern, where, why, except } of bannedTexts) {
    if (!where.test(file) || except?.test(file)) continue;
    const line = text.split('\n').findIndex((content) => pattern.test(content));
    if (line >= 0) problems.push(`${file}:${line + 1}: ${pattern.exec(text)?.[0]} ${why}`);
  }
  return prose.test(file) ? [...problems, ...proseProblems(root, file, text)] : problems;
}

/** @param {string} root @param {string} file @param {string} text @returns {string[]} */
function proseProblems(root, file, text) {
  const problems = [];
  const proseText = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  const headings = proseText.match(/^# .+/gm) ?? [];
  if (headings.length !== 1) problems.push(`${file}: has ${headings.length} headings of the first level, not one`);
  for (const [, target = ''] of proseText.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^([a-z]+:|#)/.test(target)) continue;
    const path = posix.join(posix.dirname(file), target.replace(/#.*$/, ''));
    if (!existsSync(join(root, path))) problems.push(`${file}: links to ${target}, which does not exist`);
  }
  return problems;
}

/** @param {string} text */
function linesOf(text) {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** @param {string} root @param {string} file */
function readText(root, file) {
  return readFileSync(join(root, file), 'utf8');
}
