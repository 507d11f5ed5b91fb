import { describe, expect, test } from 'vitest';
import { refusedPrivileges } from '../../infra/scripts/isolation.mjs';
import { lackingTools } from '../../infra/scripts/outside-tools.mjs';

describe('[FAULT10] what the fault tests need', () => {
  test('a tool that is missing is named with the command that installs it', () => {
    const absent = { commands: ['anabranch-absent-command'], package: 'absent-package' };
    expect(lackingTools([{ commands: ['sh'], package: 'dash' }, absent])).toEqual([
      'The tests need anabranch-absent-command: sudo apt-get install absent-package.',
    ]);
  });

  test('a privilege that is missing is named with what gives it', () => {
    const allowed = { does: 'do nothing', command: ['true'], needs: 'nothing' };
    const refused = { does: 'read a file', command: ['sh', '-c', 'echo Operation not permitted >&2; exit 1'], needs: 'CAP_EXAMPLE' };
    expect(refusedPrivileges([allowed, refused], ['env'])).toEqual([
      'The tests cannot read a file here: Operation not permitted\n  This needs CAP_EXAMPLE.',
    ]);
  });

  test('an isolation that cannot be made refuses everything', () => {
    const allowed = { does: 'do nothing', command: ['true'], needs: 'root' };
    expect(refusedPrivileges([allowed], ['anabranch-absent-command'])).toEqual([expect.stringMatching(/do nothing .*ENOENT\n.*root/)]);
  });
});
