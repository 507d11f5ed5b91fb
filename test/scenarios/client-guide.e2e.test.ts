// The first example of docs/client.md, as it is pasted: a program of its own, with the compiled packages, at the local world.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { regionNames, World } from '@anabranch/demo';
import { expect, onTestFinished, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('[CLIENT21] what the guide has pasted beside npm start connects, writes, and ends', async () => {
  const guide = readFileSync(`${root}/docs/client.md`, 'utf8');
  const [, pasted = ''] = /^node --input-type=module <<'END'\n(.*?)^END$/ms.exec(guide) ?? [];
  const world = await World.start();
  onTestFinished(() => world.stop());
  let program = pasted;
  for (const [at, name] of regionNames.entries()) {
    expect(program).toContain(`{ name: '${name}', url: 'http://127.0.0.1:${7101 + at}' }`);
    program = program.replace(`http://127.0.0.1:${7101 + at}`, world.region(name).url);
  }
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { cwd: root, timeout: 60_000 });
  expect(stdout).toMatch(/^(new-york|berlin|tokyo) \{"tea":\{"qty":2,.*"state":"all","documents":\["carts\/ann"\]\}\n$/);
});
