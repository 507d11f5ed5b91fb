// The examples of README.md and docs/api.md, pasted in their order: shell commands into a shell, programs into Node, bodies into
// requests. All against one new world, as `npm start` runs it.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { operationsMediaType, PageServer, regionNames, stockShelves, World } from '@anabranch/demo';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const root = join(import.meta.dirname, '../..');
const timeout = { timeout: 30_000, interval: 50 };

let world: World;
let page: PageServer;
const programs: ChildProcess[] = [];

beforeAll(async () => {
  world = await World.start();
  await stockShelves(world);
  page = await PageServer.listen(world, world.portBase, () => {});
}, 90_000);

afterAll(async () => {
  for (const program of programs) program.kill('SIGKILL');
  await Promise.all([page?.stop(), world?.stop()]);
});

/** The code blocks of a document in one language, as they stand there. */
function blocksOf(document: string, language: string): string[] {
  const text = readFileSync(join(root, document), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);
}

/** With the ports of this world. */
function here(text: string): string {
  return text.replace(/127\.0\.0\.1:710(\d)/g, (_, digit: string) => `127.0.0.1:${world.portBase + Number(digit)}`);
}

/** The first command that fails is the last one; a request that is refused has failed. */
const strictly = 'set -eo pipefail\ncurl() { command curl --fail-with-body "$@"; }\n';

/** What the commands print, once they have ended. A stream that follows is left after a while. */
async function paste(commands: string): Promise<string> {
  await world.untilReady();
  const follows = commands.includes('curl -N');
  const text = strictly + here(commands).replaceAll('curl -N', 'curl -sN --max-time 1');
  const { stdout } = await promisify(execFile)('bash', ['-c', text]).catch((error: { code: unknown; stdout: string; stderr: string }) => {
    if (follows && error.code === 28) return error;
    throw new Error(`${commands}\n${error.stdout}\n${error.stderr}`);
  });
  expect(stdout, commands).not.toMatch(/"code":"|^HTTP\/1\.1 [45]/m);
  return stdout;
}

/** Runs a program in the folder of the tests, whose dependencies it may import, and collects what it prints. */
function run(code: string): readonly string[] {
  // Node 20 has no WebSocket of its own.
  const preload = `import { WebSocket } from ${JSON.stringify(import.meta.resolve('ws'))}; globalThis.WebSocket ??= WebSocket;`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(preload)}`, '--input-type=module', '--eval', here(code)];
  const program = spawn(process.execPath, args, { cwd: join(root, 'test'), stdio: ['ignore', 'pipe', 'pipe'] });
  programs.push(program);
  const printed: string[] = [];
  for (const stream of [program.stdout, program.stderr]) stream.on('data', (chunk) => printed.push(String(chunk)));
  return printed;
}

async function expectEverywhere(collection: string, id: string, json: unknown, printed: readonly string[]): Promise<void> {
  for (const name of regionNames) {
    await vi.waitFor(async () => expect(await world.region(name).client.read(collection, id), printed.join('')).toEqual(json), timeout);
  }
}

describe('[DEMO11] the examples', () => {
  test('of the README: two regions show what both have written', async () => {
    const [commands] = blocksOf('README.md', 'sh').filter((block) => block.includes('patch 7101'));
    const ports = (commands ?? '').replace(/\b710(\d)\b(?!\/)/g, (_, digit: string) => String(world.portBase + Number(digit)));
    const answers = (await paste(ports)).trim().split('\n');
    expect(answers).toHaveLength(4);
    for (const answer of answers.slice(2)) expect(JSON.parse(answer)).toMatchObject({ items: { tea: { qty: 5 } } });
  });

  test('of the API for a shell, in their order', async () => {
    const answers: string[] = [];
    for (const commands of blocksOf('docs/api.md', 'sh')) answers.push(await paste(commands));
    const answerTo = (part: string): string => answers[blocksOf('docs/api.md', 'sh').findIndex((block) => block.includes(part))] ?? '';
    expect(answerTo('/v1/transactions')).toMatch(/"carts\/cart-2":.*"tea":\{[^}]*"qty":2.*"opId":"berlin\.[0-9a-f]{12}:\d+"/);
    expect(answerTo('reclaim')).toMatch(/\{"opId":"berlin\.[0-9a-f]{12}:\d+"\}/);
    expect(answerTo('merge-patch')).toContain('"status":"ordered"');
    expect(answerTo('anabranch-write-concern')).toMatch(/^anabranch-acknowledged: .*, /im);
    expect(answerTo('/events')).toMatch(/^retry: 1000/);
    expect(answerTo('/v1/changes')).toMatch(/^\{"documents":.*"token":/);
  }, 90_000);

  test('are run command by command: one that fails in the middle is found', async () => {
    for (const url of ['http://127.0.0.1:9/', 'http://127.0.0.1:7102/v1/nothing']) {
      await expect(paste(`curl -so /dev/null ${url}\necho later`)).rejects.toThrow(/^curl -so[\s\S]*later\n\n/);
    }
    expect(await paste('curl -so /dev/null http://127.0.0.1:7102/readyz\necho later')).toBe('later\n');
  });

  test('of first writes to freeform documents', async () => {
    const bodies = blocksOf('docs/api.md', 'json').filter((block) => block.trimStart().startsWith('['));
    expect(bodies).toHaveLength(2);
    for (const [at, path] of ['notes/first', 'boards/first'].entries()) {
      const url = `${world.region('berlin').url}/v1/docs/${path}`;
      const answer = await fetch(url, { method: 'PATCH', headers: { 'content-type': operationsMediaType }, body: bodies[at] ?? '' });
      expect(answer.status, await answer.text()).toBe(200);
    }
  });

  test('of editors connect, and their documents are in every region', async () => {
    const [yjs = '', hocuspocus = '', automerge = ''] = blocksOf('docs/api.md', 'js');
    await expectEverywhere('notes', 'my-note', { body: 'Hello' }, run(yjs));
    const second = run(hocuspocus);
    await vi.waitFor(() => expect(second.join('')).toContain('saved'), timeout);
    await expectEverywhere('notes', 'my-note', { body: expect.stringMatching(/^(Oh\. Hello|HelloOh\. )$/) }, second);
    const third = run(automerge);
    await vi.waitFor(() => expect(third.join('')).toMatch(/^automerge:\S+ \S+\n/), timeout);
    await expectEverywhere('boards', third.join('').split(/\s+/)[1] ?? '', { cards: ['first'] }, third);
  });
});
