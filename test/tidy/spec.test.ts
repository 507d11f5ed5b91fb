import { describe, expect, test } from 'vitest';
import { root } from '../../infra/scripts/prepare.mjs';
import { checkSpec } from '../../infra/scripts/spec.mjs';
import { fixtureTree } from './fixture-tree.ts';

// Assembled, so that the check does not take them for citations of this file.
const cite = (...ids: readonly string[]) => ids.map((id) => `[${id}]`).join(' ');

const spec = '# Specification\n\n- **LINK1** One.\n- **LINK2** Two,\n  on two lines.\n- **GATE1** Three.\n';
const testOf = (...ids: readonly string[]) => `test('${cite(...ids)} holds', () => {});\n`;

describe('[CHECK2] the spec check', () => {
  test('accepts the project: tests and rules cite each other', () => {
    expect(checkSpec(root)).toEqual([]);
  });

  test('accepts rules that tests, contract suites and scenarios cite', () => {
    const tree = {
      'docs/spec.md': spec,
      'libs/engine/src/link.test.ts': testOf('LINK1'),
      'libs/engine/src/testing/describe-link.ts': testOf('LINK2'),
      'test/scenarios/causal.e2e.test.ts': `describe("${cite('GATE1', 'LINK1')} both", () => {});`,
    };
    expect(checkSpec(fixtureTree(tree))).toEqual([]);
  });

  test('names a rule without a test', () => {
    const tree = { 'docs/spec.md': spec, 'libs/engine/src/link.test.ts': testOf('LINK1', 'GATE1') };
    expect(checkSpec(fixtureTree(tree))).toEqual(['docs/spec.md: no test cites LINK2']);
  });

  test('does not count what product code or a comment says', () => {
    const tree = {
      'docs/spec.md': spec,
      'libs/engine/src/link.ts': testOf('LINK1'),
      'libs/engine/src/a.test.ts': `// ${cite('LINK2')} later`,
    };
    expect(checkSpec(fixtureTree(tree))).toEqual(['LINK1', 'LINK2', 'GATE1'].map((id) => `docs/spec.md: no test cites ${id}`));
  });

  test('refuses a citation of an unknown rule', () => {
    const tree = { 'docs/spec.md': spec, 'libs/engine/src/link.test.ts': testOf('LINK1', 'LINK2', 'GATE1', 'LINK9') };
    expect(checkSpec(fixtureTree(tree))).toEqual(['libs/engine/src/link.test.ts: cites LINK9, which is no rule of docs/spec.md']);
  });

  test('refuses a rule that stands there twice, and a specification without rules', () => {
    const twice = { 'docs/spec.md': `${spec}- **LINK1** Again.\n`, 'libs/engine/src/link.test.ts': testOf('LINK1', 'LINK2', 'GATE1') };
    expect(checkSpec(fixtureTree(twice))).toEqual(['docs/spec.md: LINK1 stands there twice']);
    expect(checkSpec(fixtureTree({ 'docs/spec.md': '# Specification\n' }))).toEqual(['docs/spec.md: holds no rule']);
  });
});
