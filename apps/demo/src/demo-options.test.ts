import { describe, expect, test } from 'vitest';
import { parseDemoOptions } from './demo-options.ts';

const refusal = expect.objectContaining({ code: 'config_invalid' });

describe('parseDemoOptions', () => {
  test('[DEMO1] defaults to the ports from 7100 on and the folder of the clone', () => {
    const options = parseDemoOptions([], '/somewhere');
    expect(options).toMatchObject({ portBase: 7100, isFresh: false, isVerbose: false, isHelp: false });
    expect(options.dataDir).toMatch(/\.anabranch\/demo$/);
  });

  test('[DEMO1] takes ports, a folder relative to the working directory, and a fresh start', () => {
    const options = parseDemoOptions(['--port-base', '8200', '--data', 'here', '--fresh'], '/somewhere');
    expect(options).toEqual({ portBase: 8200, dataDir: '/somewhere/here', isFresh: true, isVerbose: false, isHelp: false });
    expect(parseDemoOptions(['--port-base=0', '--data=/abs'], '/somewhere')).toMatchObject({ portBase: 0, dataDir: '/abs' });
    expect(parseDemoOptions(['--help'], '/')).toMatchObject({ isHelp: true });
    expect(parseDemoOptions(['--verbose'], '/')).toMatchObject({ isVerbose: true });
  });

  test.each([
    [['--port-base', '80']],
    [['--port-base', '65533']],
    [['--port-base', 'x']],
    [['--port-base=']],
    [['--data=']],
    [['--frsh']],
    [['extra']],
  ])('[DEMO1] refuses %j', (args) => {
    expect(() => parseDemoOptions(args, '/')).toThrow(refusal);
  });
});
