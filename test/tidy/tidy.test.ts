import { describe, expect, test } from 'vitest';
import { root } from '../../infra/scripts/prepare.mjs';
import { checkTidy } from '../../infra/scripts/tidy.mjs';
import { fixtureTree } from './fixture-tree.ts';

const soundTree = {
  'README.md': '# Anabranch\n\nSee [the base](libs/base/README.md#words) and [the web](https://example.org).\n',
  'libs/base/package.json': '{}',
  'libs/base/README.md': '# base\n\n```sh\n# a comment, no heading; [no link](nowhere.md)\n```\n',
  'libs/base/src/index.ts': 'export const one = 1;\n',
};

// Planted words are assembled, so that the check does not find this file.
const banned = {
  unfinished: `// ${'TO'}${'DO'}: later\n`,
  focused: `test${'.only'}('a', () => {});\n`,
  term: `the ${'mas'}${'ter'} region\n`,
};

describe('[CHECK3] the tidy check', () => {
  test('accepts the project', () => {
    expect(checkTidy(root)).toEqual([]);
  });

  test('accepts a sound fixture, and skips what is not of the project', () => {
    const foreign = { 'node_modules/a/utils.js': banned.unfinished, 'libs/base/dist/index.js': banned.unfinished };
    expect(checkTidy(fixtureTree({ ...soundTree, ...foreign }))).toEqual([]);
  });

  const planted: ReadonlyArray<readonly [name: string, files: Record<string, string>, problem: string]> = [
    ['an over-long file', { 'libs/base/src/long.ts': 'x;\n'.repeat(401) }, 'libs/base/src/long.ts: has more than 400 lines'],
    [
      'unfinished work',
      { 'libs/base/src/later.ts': `\n${banned.unfinished}` },
      `libs/base/src/later.ts:2: ${'TO'}${'DO'} marks unfinished work`,
    ],
    ['a focused test', { 'libs/base/src/a.test.ts': banned.focused }, `libs/base/src/a.test.ts:1: test${'.only'} keeps tests from running`],
    ['a banned word', { 'docs/a.md': `# A\n\n${banned.term}` }, `docs/a.md:3: ${'mas'}${'ter'} say leader or follower`],
    ['a silenced check', { 'apps/a.ts': `// ${'@ts-'}${'ignore'}\n` }, `apps/a.ts:1: ${'@ts-'}${'ignore'} silences a check`],
    ['a package without README', { 'apps/demo/package.json': '{}' }, 'apps/demo/README.md: is missing'],
    ['a long README', { 'libs/base/README.md': `# base\n${'\n'.repeat(40)}` }, 'libs/base/README.md: has more than 40 lines'],
    ['a document with two titles', { 'docs/a.md': '# A\n\n# B\n' }, 'docs/a.md: has 2 headings of the first level, not one'],
    ['a document without title', { 'docs/a.md': 'text\n' }, 'docs/a.md: has 0 headings of the first level, not one'],
    ['a broken link', { 'docs/a.md': '# A\n\n[b](b.md#c)\n' }, 'docs/a.md: links to b.md#c, which does not exist'],
    ['a large file', { 'docs/a.bin': 'x'.repeat(262_145) }, 'docs/a.bin: has 262145 bytes, more than 262144'],
    ['a folder without an idea', { 'libs/base/src/utils/a.ts': '' }, 'libs/base/src/utils/a.ts: "utils" names no idea'],
    ['a file without an idea', { 'libs/base/src/helpers.ts': '' }, 'libs/base/src/helpers.ts: "helpers.ts" names no idea'],
  ];
  test.each(planted)('refuses %s', (_name, files, problem) => {
    expect(checkTidy(fixtureTree({ ...soundTree, ...files }))).toEqual([problem]);
  });
});
