import { describe, expect, test } from 'vitest';
import { checkLayers } from '../../infra/scripts/layers.mjs';
import { root } from '../../infra/scripts/prepare.mjs';
import { fixtureTree } from './fixture-tree.ts';

type Manifest = Readonly<Record<string, unknown>>;

const packageFiles = (folder: string, source: string, manifest: Manifest = {}, references: readonly string[] = []) => ({
  [`${folder}/package.json`]: JSON.stringify({ name: nameOf(folder), exports: { '.': './src/index.ts' }, ...manifest }),
  [`${folder}/tsconfig.json`]: JSON.stringify({ references: references.map((path) => ({ path })) }),
  [`${folder}/src/index.ts`]: source,
});

const nameOf = (folder: string) => `@anabranch/${folder.replace(/^.*\//, '')}`;
const onBase = { dependencies: { '@anabranch/base': '0.1.0' } };

/** A tree in which everything is as it should be. */
const soundTree = {
  'package.json': JSON.stringify({ devDependencies: { vitest: '4.1.12' } }),
  'tsconfig.json': JSON.stringify({ references: [{ path: 'libs/base' }, { path: 'libs/causality' }, { path: 'libs/system' }] }),
  ...packageFiles('libs/base', 'export const one = 1;'),
  ...packageFiles('libs/causality', `export { one } from '@anabranch/base';`, onBase, ['../base']),
  ...packageFiles('libs/system', `import 'node:fs'; import type { A } from '@anabranch/base';`, onBase, ['../base']),
  'libs/base/src/one.test.ts': `import { test } from 'vitest'; import 'node:fs'; import './index.ts';`,
};

describe('[CHECK1] the layer check', () => {
  test('accepts the tree of the project, having read it', () => {
    const { problems, filesRead } = checkLayers(root);
    expect(problems).toEqual([]);
    expect(filesRead).toBeGreaterThan(50);
  });

  test('accepts a sound fixture', () => {
    expect(checkLayers(fixtureTree(soundTree))).toEqual({ problems: [], filesRead: 4 });
  });

  const planted: ReadonlyArray<readonly [name: string, files: Record<string, string>, problem: string]> = [
    [
      'an import against the layers',
      { 'libs/base/src/up.ts': `import { two } from '@anabranch/causality';` },
      'libs/base/src/up.ts: imports @anabranch/causality: the layer table does not allow it',
    ],
    [
      'an import between packages of one layer',
      { 'libs/system/src/side.ts': `export type { A } from '@anabranch/causality';` },
      'libs/system/src/side.ts: imports @anabranch/causality: the layer table does not allow it',
    ],
    [
      'a deep import',
      { 'libs/causality/src/deep.ts': `import { one } from '@anabranch/base/src/index.ts';` },
      'libs/causality/src/deep.ts: imports @anabranch/base/src/index.ts: it is no public entry of that package',
    ],
    [
      'a relative import of another package',
      { 'libs/causality/src/deep.ts': `const one = await import('../../base/src/index.ts');` },
      'libs/causality/src/deep.ts: imports ../../base/src/index.ts: it leaves the package',
    ],
    [
      'an undeclared workspace package',
      packageFiles('libs/causality', `import '@anabranch/base';`),
      'libs/causality/src/index.ts: imports @anabranch/base: package.json does not declare it',
    ],
    [
      'Node in a low layer',
      { 'libs/causality/src/disk.ts': `import { readFileSync } from 'node:fs';` },
      'libs/causality/src/disk.ts: imports node:fs: layer 1 does no I/O',
    ],
    [
      'an undeclared npm package',
      { 'libs/system/src/log.ts': `import { pino } from 'pino';` },
      'libs/system/src/log.ts: imports pino: package.json does not declare it',
    ],
    [
      'an npm package outside of the table',
      packageFiles('libs/causality', `import _ from 'lodash';`, { dependencies: { lodash: '4.17.21' } }),
      'libs/causality/src/index.ts: imports lodash: the layer table does not allow it',
    ],
    [
      'an unused npm package outside of the table',
      packageFiles('libs/causality', '', { dependencies: { lodash: '4.17.21' } }),
      'libs/causality/package.json: the layer table does not allow lodash',
    ],
    [
      'a development tool outside of tests',
      { 'libs/base/src/tool.ts': `import { test } from 'vitest';` },
      'libs/base/src/tool.ts: imports vitest: package.json does not declare it',
    ],
    ['an unknown library', packageFiles('libs/mystery', ''), 'libs/mystery: is not in the layer table'],
    [
      'project references that differ from package.json',
      packageFiles('libs/causality', '', onBase),
      'libs/causality/tsconfig.json: references [], package.json needs [libs/base]',
    ],
    ['a package that the build leaves out', packageFiles('apps/region', ''), 'tsconfig.json: does not reference apps/region'],
    [
      'a file that it would not read',
      { 'libs/base/tools/hidden.ts': `import 'node:fs';` },
      "read 4 of 5 TypeScript files: the others lie in no package's src",
    ],
  ];
  test.each(planted)('refuses %s', (_name, files, problem) => {
    expect(checkLayers(fixtureTree({ ...soundTree, ...files })).problems).toContain(problem);
  });

  test('refuses a cycle between packages', () => {
    const cart = packageFiles('apps/cart', `import '@anabranch/demo';`, { dependencies: { '@anabranch/demo': '0.1.0' } }, ['../demo']);
    const demo = packageFiles('apps/demo', `import '@anabranch/cart';`, { dependencies: { '@anabranch/cart': '0.1.0' } }, ['../cart']);
    expect(checkLayers(fixtureTree({ ...soundTree, ...cart, ...demo })).problems).toContain(
      'packages import each other in a cycle: @anabranch/cart -> @anabranch/demo -> @anabranch/cart',
    );
  });

  test('fails when it reads nothing', () => {
    const { problems } = checkLayers(fixtureTree({ 'package.json': '{}' }));
    expect(problems).toEqual(["read 0 of 0 TypeScript files: the others lie in no package's src"]);
  });
});
