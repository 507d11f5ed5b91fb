// The examples of docs/client.md: they stand in a program that is run here.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient as createBrowserClient } from '@anabranch/client/browser';
import { createClient } from '@anabranch/client/node';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { collections, startAgain, walkThrough } from './client-guide.ts';
import { afterThisTest, connectTo, patience, startMesh } from './client-mesh.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/** Without the indentation, which differs between a guide and a function. */
const plain = (code: string): string => code.replace(/^ +/gm, '').trim();

test('[CLIENT21] every example of the guide stands in the program', () => {
  const blocks = [...read('../../docs/client.md').matchAll(/^```tsx?\n(.*?)^```/gms)].map(([, code = '']) => plain(code));
  expect(blocks.length).toBeGreaterThan(10);
  const program = plain(read('./client-guide.ts') + read('./cart-page.tsx'));
  for (const block of blocks) expect(program).toContain(block);
});

/** The options that a table of the guide names, and those that a refusal of another one names. */
const inGuide = (call: string): string[] => {
  const [, rows = ''] =
    new RegExp(`^\\| option of \`${call}\`.*\\n\\|---.*\\n((?:\\|.*\\n)+)`, 'm').exec(read('../../docs/client.md')) ?? [];
  return [...rows.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name).sort();
};
const inRefusal = async (call: (options: never) => Promise<unknown>): Promise<string[]> => {
  const { message } = await call({ nothing: 1 } as never).then(
    () => ({ message: '' }),
    (error: Error) => error,
  );
  return message.slice(message.indexOf('only ') + 'only '.length).split(', ');
};

test('[CLIENT21] the guide has each option of createClient and of open', async () => {
  const ofClient = [
    ...(await inRefusal((options) => createClient(options))),
    ...(await inRefusal((options) => createBrowserClient(options))),
  ];
  expect(inGuide('createClient')).toEqual([...new Set(ofClient)].sort());
  const client = await createClient({
    regions: [{ name: 'berlin', url: 'http://127.0.0.1:9' }],
    collections,
    store: 'memory',
    webSocket: WebSocket,
  });
  afterThisTest(() => client.close());
  expect(inGuide('open')).toEqual((await inRefusal((options) => client.open('carts', 'ann', options))).sort());
});

test('[CLIENT21] the program does what the guide says', async () => {
  const mesh = await startMesh(3, { collections });
  const regions = mesh.regions.map(({ name, url }) => ({ name, url }));
  const folder = mkdtempSync(join(tmpdir(), 'anabranch-guide-'));
  afterThisTest(() => rmSync(folder, { recursive: true, force: true }));
  await walkThrough(regions, folder, async (present) => {
    const { presence } = await (await connectTo(mesh, 'berlin', { collections })).open('notes', 'n1');
    presence.set({ name: 'Bob' });
    presence.subscribe(() => {});
    await vi.waitFor(() => expect(present).toEqual([{ name: 'Bob' }]), patience);
    await vi.waitFor(() => expect([...presence.others.values()]).toEqual([{ name: 'Ann', caret: 5 }]), patience);
  });
  await startAgain(regions, folder);
});
