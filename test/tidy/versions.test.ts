import { describe, expect, test } from 'vitest';
import { root } from '../../infra/scripts/prepare.mjs';
import { checkVersions } from '../../infra/scripts/versions.mjs';
import { fixtureTree } from './fixture-tree.ts';

const treeOf = (dependencies: Record<string, string>, lock: Record<string, unknown>) => ({
  'package.json': JSON.stringify({ dependencies }),
  'package-lock.json': JSON.stringify({ packages: lock }),
});
const sound = { 'node_modules/ws': { version: '8.17.1', resolved: 'https://registry.npmjs.org/ws/-/ws-8.17.1.tgz' } };

describe('[CHECK4] the version check', () => {
  test('accepts the project', () => {
    expect(checkVersions(root)).toEqual([]);
  });

  test('accepts exact pins and safe versions', () => {
    expect(checkVersions(fixtureTree(treeOf({ ws: '8.17.1' }, sound)))).toEqual([]);
  });

  test.each(['^8.17.1', '~8.17.1', '8.x', '*', 'latest', '>=8', 'github:websockets/ws', 'file:../ws'])('refuses the range %s', (range) => {
    expect(checkVersions(fixtureTree(treeOf({ ws: range }, sound)))).toEqual([`package.json: ws is not pinned exactly, but "${range}"`]);
  });

  test.each([
    ['node_modules/ws', '8.17.0', '8.17.1'],
    ['node_modules/autocannon/node_modules/ws', '7.9.9', '8.17.1'],
    ['node_modules/qs', '6.9.7', '6.16.0'],
    ['node_modules/body-parser', '2.2.9', '2.3.0'],
  ])('refuses %s at %s', (path, version, versionMin) => {
    expect(checkVersions(fixtureTree(treeOf({}, { [path]: { version } })))).toEqual([
      `package-lock.json: ${path} is ${version}; ${versionMin} is the oldest safe version`,
    ]);
  });

  test('refuses a package from elsewhere, and an empty lock file', () => {
    const elsewhere = { 'node_modules/a': { version: '1.0.0', resolved: 'git+ssh://git@example.org/a.git#1' } };
    expect(checkVersions(fixtureTree(treeOf({}, elsewhere)))).toEqual([
      'package-lock.json: node_modules/a comes from git+ssh://git@example.org/a.git#1, not from the registry',
    ]);
    expect(checkVersions(fixtureTree(treeOf({}, {})))).toEqual(['package-lock.json: lists no packages']);
  });
});
